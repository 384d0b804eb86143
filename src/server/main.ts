#!/usr/bin/env node
/**
 * `et-server`: the command. Only what every install of ET has is imported here; the server itself
 * comes in when it is started, so that its missing packages can be named instead of failing.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { EtError, systemErrorCode } from "../errors.js";
import { DEFAULT_HOST, DEFAULT_PORT, type Log } from "./config.js";
import { defaultDatabase } from "./files.js";
import type { RunningServer } from "./serve.js";

/** docs/server.md explains them. */
const EXIT = {
	stopped: 0,
	unexpected: 1,
	usage: 2,
	packagesMissing: 3,
	addressTaken: 4,
	store: 5,
	storeNewer: 6,
} as const;

const EXIT_OF_ERROR: Readonly<Record<string, number>> = {
	ET_SERVER_PACKAGES_MISSING: EXIT.packagesMissing,
	ET_STORE_UNAVAILABLE: EXIT.store,
	ET_STORE_NEWER: EXIT.storeNewer,
};

const ADDRESS_REASONS: Readonly<Record<string, string>> = {
	EADDRINUSE: "another program listens there",
	EACCES: "it is not allowed to you",
	EADDRNOTAVAIL: "this machine has no such address",
	ENOTFOUND: "there is no such host",
	EAI_AGAIN: "the host's name cannot be resolved now",
};

const LOOPBACK = /^(127\.|::1$|localhost$)/;

interface Options {
	host: string;
	port: number;
	database: string;
}

const HELP = `
Examples:
  et-server                                  listen on http://${DEFAULT_HOST}:${DEFAULT_PORT}
  et-server --port 9000 --database et.sqlite another port, another file
  et-server --host 0.0.0.0                   let other machines in: everyone who can reach it may
                                             send reports and read all pages

Environment:
  ET_DATA                                    the folder of the database

Exit codes:
  ${EXIT.stopped}  stopped by SIGINT or SIGTERM
  ${EXIT.unexpected}  something unexpected
  ${EXIT.usage}  wrong usage
  ${EXIT.packagesMissing}  the server's packages are not installed
  ${EXIT.addressTaken}  the address cannot be had
  ${EXIT.store}  the database cannot be opened
  ${EXIT.storeNewer}  a newer version of ET wrote the database
`;

async function main(argv: string[]): Promise<number> {
	try {
		const options = parse(argv);
		const stop = stopSignal();
		const server = await start(options);
		greet(server, options);
		await stop;
		await server.close();
		return EXIT.stopped;
	} catch (error) {
		return explain(error);
	}
}

function parse(argv: string[]): Options {
	const database = defaultDatabase({ env: process.env, platform: process.platform, home: homedir() });
	return new Command("et-server")
		.description("Receive usage reports, keep them in one file, and show the runs that they tell of.")
		.option("--host <host>", "address to listen on", DEFAULT_HOST)
		.option("--port <port>", "port to listen on; 0 takes any that is free", toPort, DEFAULT_PORT)
		.option("--database <file>", "SQLite file, made where it is missing", toFile, database)
		.version(ownVersion())
		.addHelpText("after", HELP)
		.exitOverride()
		.allowExcessArguments(false)
		.parse(argv)
		.opts<Options>();
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

async function start({ host, port, database }: Options): Promise<RunningServer> {
	const { startServer } = await loadServer();
	try {
		return await startServer({ host, port, database, log });
	} catch (error) {
		const reason = ADDRESS_REASONS[systemErrorCode(error) ?? ""];
		if (reason === undefined || error instanceof EtError) throw error;
		throw new AddressError(
			`Cannot listen on ${host} port ${port}: ${reason}. Nothing was received. Choose another with --host or --port.`,
		);
	}
}

class AddressError extends Error {}

async function loadServer(): Promise<typeof import("./serve.js")> {
	try {
		return await import("./serve.js");
	} catch (error) {
		if (systemErrorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
		const packages = Object.entries(ownPackage().peerDependencies).map(([name, range]) => `${name}@${range}`);
		throw new EtError(
			"ET_SERVER_PACKAGES_MISSING",
			`The server's packages are not installed; no data was touched. Run: npm install ${packages.join(" ")}`,
			{ cause: error },
		);
	}
}

function greet({ url }: RunningServer, { host, database }: Options): void {
	const lines = [
		`ET server ${ownVersion()} listens on ${url}`,
		`Database: ${database}`,
		`Next: name ${url} as "endpoint" in a script's et.json; its runs appear on ${url}/`,
		"Stop: Ctrl-C",
	];
	if (!LOOPBACK.test(host)) lines.push("Note: whoever can reach this address may send reports and read all pages.");
	process.stdout.write(`${lines.join("\n")}\n`);
}

const log: Log = (message, error) => {
	const reason = error === undefined ? "" : `: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
	process.stderr.write(`${new Date().toISOString()} ${message}${reason}\n`);
};

/** Says on the error stream what went wrong, without a stack where the cause is known; gives the exit code. */
function explain(error: unknown): number {
	// Commander has said it itself; help and version come this way too.
	if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
	if (error instanceof EtError || error instanceof AddressError) {
		process.stderr.write(`et-server: ${error.message}\n`);
		return error instanceof EtError ? (EXIT_OF_ERROR[error.code] ?? EXIT.unexpected) : EXIT.addressTaken;
	}
	log("et-server stopped because of something unexpected; what it acknowledged is stored", error);
	return EXIT.unexpected;
}

function toPort(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port <= 65_535) return port;
	throw new InvalidArgumentError("It is a number from 0 to 65535.");
}

function toFile(text: string): string {
	if (text !== "" && !/^[a-z]+:\/\//i.test(text)) return text;
	throw new InvalidArgumentError("It is the path of a file.");
}

function ownVersion(): string {
	return ownPackage().version;
}

function ownPackage(): { version: string; peerDependencies: Record<string, string> } {
	return JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
}

process.exitCode = await main(process.argv);
