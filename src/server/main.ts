#!/usr/bin/env node
/**
 * `et-server`: the command. Only what every install of ET has is imported here; the server itself
 * comes in when it is started, so that its missing packages can be named instead of failing.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { EtError, systemErrorCode } from "../errors.js";
import { addAddressCommands } from "./commands/addresses.js";
import { addAdminCommands } from "./commands/admin.js";
import { addAudit } from "./commands/audit.js";
import { addBackup } from "./commands/backup.js";
import { databaseOption } from "./commands/database-option.js";
import { addEraseProject } from "./commands/erase-project.js";
import { CommandError, EXIT } from "./commands/exit-codes.js";
import { addKeyCommands } from "./commands/keys.js";
import { addMigrate } from "./commands/migrate.js";
import { addMove } from "./commands/move.js";
import { addRegistrations } from "./commands/registrations.js";
import { addRestore } from "./commands/restore.js";
import { addRetention } from "./commands/retention.js";
import { type Settings, toProxies, toSetting } from "./commands/settings.js";
import { addTlsOptions, renewAtHangUp, shownCertificate, type TlsOptions, tlsFiles } from "./commands/tls-options.js";
import { addTokenCommands } from "./commands/tokens.js";
import { DEFAULT_HOST, DEFAULT_PORT } from "./config.js";
import { LOG_LEVELS, type LogLevel } from "./log-levels.js";
import type { RunningServer } from "./serve.js";
import { shownDatabase } from "./store/database-name.js";
import type { TlsFiles } from "./tls.js";

const EXIT_OF_ERROR: Readonly<Record<string, number>> = {
	ET_SERVER_PACKAGES_MISSING: EXIT.packagesMissing,
	ET_STORE_UNAVAILABLE: EXIT.store,
	ET_STORE_NEWER: EXIT.storeNewer,
	ET_TLS_UNUSABLE: EXIT.tls,
	ET_NO_ADMINISTRATOR: EXIT.refused,
};

const ADDRESS_REASONS: Readonly<Record<string, string>> = {
	EADDRINUSE: "another program listens there",
	EACCES: "it is not allowed to you",
	EADDRNOTAVAIL: "this machine has no such address",
	ENOTFOUND: "there is no such host",
	EAI_AGAIN: "the host's name cannot be resolved now",
};

const COMMANDS: ReadonlyArray<(program: Command) => void> = [
	addRegistrations,
	addKeyCommands,
	addAdminCommands,
	addTokenCommands,
	addAudit,
	addAddressCommands,
	addRetention,
	addEraseProject,
	addMigrate,
	addBackup,
	addRestore,
	addMove,
];

interface Options extends TlsOptions {
	host: string;
	port: number;
	database: string;
	open?: true;
	trustProxy?: readonly string[];
	set?: Settings;
	logLevel: LogLevel;
}

const HELP = `
Examples:
  et-server                                  listen on http://${DEFAULT_HOST}:${DEFAULT_PORT}
  et-server register et.json                 take the reports of this project, also while it runs
  et-server addresses set truncated          keep a part of the addresses that reports come from
  et-server --open                           take the reports of every project
  et-server --port 9000 --database et.sqlite another port, another file
  et-server --database postgres://et@db/et   PostgreSQL, which several et-server may share
  et-server admin add ada                    make an administrator: from then on, reading needs a login
  et-server --host 0.0.0.0                   let other machines in, once there is an administrator
  et-server --host 0.0.0.0 --port 443 --tls-cert fullchain.pem --tls-key privkey.pem
                                             https without a proxy; SIGHUP has both files read again

Environment:
  ET_SERVER_DATABASE                         the database, where --database is not given: a URL with a
                                             password is better kept off the command line
  ET_DATA                                    the folder of the SQLite file, where neither is given

Exit codes:
  ${EXIT.done}  stopped by SIGINT or SIGTERM; of a command: done
  ${EXIT.unexpected}  something unexpected
  ${EXIT.usage}  wrong usage
  ${EXIT.packagesMissing}  the server's packages are not installed
  ${EXIT.addressTaken}  the address cannot be had
  ${EXIT.store}  the database cannot be opened
  ${EXIT.storeNewer}  a newer version of ET wrote the database
  ${EXIT.tls}  the certificate or its key cannot be used
  ${EXIT.refused}  a command, or --host without an administrator, is refused; nothing was changed
`;

async function main(argv: string[]): Promise<number> {
	const program = new Command("et-server")
		.description("Receive usage reports, keep them in a database, and show the runs that they tell of.")
		.enablePositionalOptions()
		.option("--host <host>", "address to listen on", DEFAULT_HOST)
		.option("--port <port>", "port to listen on; 0 takes any that is free", toPort, DEFAULT_PORT)
		.addOption(databaseOption())
		.option("--open", "take reports of every project, not only of registered ones")
		.option("--trust-proxy <addresses>", "proxies whose X-Forwarded-For is believed: addresses or networks", toProxies)
		.option("--set <name=number>", "another limit than the usual, repeatable; docs/server.md lists them", toSetting)
		.addOption(
			new Option("--log-level <level>", "what is logged, as lines of JSON on the error stream")
				.choices(LOG_LEVELS)
				.default("error" satisfies LogLevel),
		)
		.version(ownPackage().version)
		.addHelpText("after", HELP)
		.exitOverride()
		.allowExcessArguments(false)
		.action(serve);
	addTlsOptions(program);
	for (const add of COMMANDS) add(program);
	try {
		await program.parseAsync(argv);
		return EXIT.done;
	} catch (error) {
		return explain(error);
	}
}

async function serve(options: Options, program: Command): Promise<void> {
	const tls = tlsFiles(options, program);
	const stop = stopSignal();
	const server = await start(options, tls);
	await greet(server, options);
	renewAtHangUp(server);
	await stop;
	await server.close();
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): Promise<void> {
	return new Promise((resolve) => {
		const stop = () => {
			process.off("SIGINT", stop).off("SIGTERM", stop);
			resolve();
		};
		process.on("SIGINT", stop).on("SIGTERM", stop);
	});
}

async function start(options: Options, tls: TlsFiles | undefined): Promise<RunningServer> {
	const { host, port, database, open, trustProxy, set, logLevel } = options;
	const { startServer } = await import("./serve.js");
	const config = { ...set, openIntake: open === true, trustedProxies: trustProxy ?? [] };
	try {
		return await startServer({
			host,
			port,
			database,
			tls,
			logTarget: { level: logLevel, stream: process.stderr },
			config,
		});
	} catch (error) {
		const reason = ADDRESS_REASONS[systemErrorCode(error) ?? ""];
		if (reason === undefined || error instanceof EtError) throw error;
		throw new CommandError(
			EXIT.addressTaken,
			`Cannot listen on ${host} port ${port}: ${reason}. Nothing was received. Choose another with --host or --port.`,
		);
	}
}

async function greet(server: RunningServer, { database, open }: Options): Promise<void> {
	const { url, certificate, store } = server;
	const registered = (await store.registrations(null)).length;
	const setup = await server.offerSetup();
	const lines = [
		`ET server ${ownPackage().version} listens on ${url}`,
		`Database: ${shownDatabase(database)}`,
		...(certificate === null ? [] : [shownCertificate(certificate)]),
		`Takes reports of: ${open ? "every project (--open)" : takenInWords(registered)}`,
		`Read by: ${setup === null ? "administrators who log in, and tokens" : "this machine, until there is an administrator. To set one up, once and within the hour:"}`,
		...(setup === null ? [] : [`  ${setup}`]),
		`Next: name ${url} as "endpoint" in a script's et.json; its runs appear on ${url}/`,
		"Stop: Ctrl-C",
	];
	process.stdout.write(`${lines.join("\n")}\n`);
}

function takenInWords(registered: number): string {
	if (registered === 0) return "no project yet; register one: et-server register et.json";
	return registered === 1 ? "1 registered project" : `${registered} registered projects`;
}

/** Says on the error stream what went wrong, without a stack where the cause is known; gives the exit code. */
function explain(error: unknown): number {
	// Commander has said it itself; help and version come this way too.
	if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
	if (systemErrorCode(error) === "ERR_MODULE_NOT_FOUND") return explain(packagesMissing(error));
	if (error instanceof EtError || error instanceof CommandError) {
		process.stderr.write(`et-server: ${error.message}\n`);
		return error instanceof CommandError ? error.exitCode : (EXIT_OF_ERROR[error.code] ?? EXIT.unexpected);
	}
	const reason = error instanceof Error ? (error.stack ?? error.message) : error;
	process.stderr.write(
		`et-server: It stopped because of something unexpected; what it acknowledged is stored: ${reason}\n`,
	);
	return EXIT.unexpected;
}

/** The server's packages are loaded when they are wanted, and so are those of each engine. */
function packagesMissing(cause: unknown): EtError {
	const packages = Object.entries(ownPackage().peerDependencies).map(([name, range]) => `${name}@${range}`);
	return new EtError(
		"ET_SERVER_PACKAGES_MISSING",
		`The server's packages are not installed; no data was touched. Run: npm install ${packages.join(" ")}`,
		{ cause },
	);
}

function toPort(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port <= 65_535) return port;
	throw new InvalidArgumentError("It is a number from 0 to 65535.");
}

function ownPackage(): { version: string; peerDependencies: Record<string, string> } {
	return JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
}

// Who reads what is printed may leave, as `head` does: that is no reason to end, least of all for a server.
for (const stream of [process.stdout, process.stderr]) {
	stream.on("error", (error) => {
		if (systemErrorCode(error) !== "EPIPE") throw error;
	});
}

process.exitCode = await main(process.argv);
