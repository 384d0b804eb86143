#!/usr/bin/env node
/** `et-uploader`: the command line of the daemon. */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { EtError } from "../src/errors.js";
import { type Directories, directories } from "../src/host/directories.js";
import { hostName } from "../src/host/identity.js";
import { boundsFrom } from "../src/spool/bounds.js";
import { hostHash, spoolFolders } from "../src/spool/layout.js";
import { keepHeapSmall } from "./heap.js";
import { POLICY, type Policy } from "./policy.js";
import { Progress } from "./progress.js";
import { isSchedule, serve } from "./serve.js";
import { readStatus, statusText } from "./status.js";
import { isNews, summaryText } from "./summary.js";
import { type RoundOptions, type RoundResult, round } from "./uploader.js";

const EXIT = { ok: 0, failed: 1, usage: 2, busy: 3, undelivered: 4 } as const;

const HELP = `
Examples:
  et-uploader                       send now, and then every 15 minutes
  et-uploader --once                send what waits, and end
  et-uploader --once --now          also to endpoints that are backing off
  et-uploader --schedule "0 3 * * *" --delay 3600
  et-uploader status                what runs, what waits, how endpoints fare

Exit codes:
  0  done (also where nothing waited)
  1  the spool or the proxy can't be used; nothing is lost
  2  the command line is wrong
  3  another uploader is at work on this spool (--once)
  4  something waits still: an endpoint failed, or is backing off (--once)

What leaves is exactly what "et show ID" shows. DO_NOT_TRACK=1 or ET_DISABLED=1
stops all reports; requests to erase or redact what has left go out all the same
under DO_NOT_TRACK, and wait under ET_DISABLED.

HTTP_PROXY, HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS are honoured.
`;

interface Flags {
	once?: true;
	now?: true;
	quiet?: true;
	schedule: string;
	delay: number;
}

/** Two folders up, both as built and as bundled. */
function version(): string {
	const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
	return (JSON.parse(text) as { version: string }).version;
}

function userDirectories(): Directories {
	const found = directories({ env: process.env });
	if (found !== null) return found;
	throw new EtError(
		"ET_SPOOL_UNAVAILABLE",
		"There is no home folder, so there is no spool to send from. Set HOME, or ET_SPOOL and ET_CONFIG.",
	);
}

/** SIGTERM and SIGINT: no new batch; the one under way may end within the policy's grace. */
function stopSignals(policy: Policy): { stop: AbortSignal; abort: AbortSignal } {
	const stop = new AbortController();
	const abort = new AbortController();
	const end = (): void => {
		stop.abort();
		setTimeout(() => abort.abort(), policy.stopGraceMs).unref();
	};
	for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, end);
	return { stop: stop.signal, abort: abort.signal };
}

function roundOptions(flags: Flags, policy: Policy, signals: { stop: AbortSignal; abort: AbortSignal }): RoundOptions {
	return {
		directories: userDirectories(),
		env: process.env,
		policy,
		bounds: boundsFrom(process.env),
		now: () => new Date(),
		random: Math.random,
		host: hostHash(hostName()),
		userAgent: `et-uploader/${version()}`,
		evenIfNotDue: flags.now === true,
		...signals,
	};
}

/** A round, with a progress line where somebody looks. */
async function visibleRound(options: RoundOptions): Promise<RoundResult> {
	const progress = new Progress(process.stderr, options.policy, () => performance.now());
	try {
		return await round({ ...options, onProgress: (done, total) => progress.update(done, total) });
	} finally {
		progress.clear();
	}
}

function say(flags: Flags, text: string): void {
	if (flags.quiet !== true) process.stdout.write(`${text}\n`);
}

/** What `--once` ends with. */
function exitCodeOf(result: RoundResult): number {
	if (result.kind === "busy") return EXIT.busy;
	if (result.kind === "no_spool") return EXIT.ok;
	const { failed, notDue } = result.summary;
	return failed.length + notDue.length === 0 ? EXIT.ok : EXIT.undelivered;
}

async function once(flags: Flags): Promise<number> {
	const result = await visibleRound(roundOptions(flags, POLICY, stopSignals(POLICY)));
	say(flags, summaryText(result));
	return exitCodeOf(result);
}

async function daemon(flags: Flags): Promise<number> {
	const policy: Policy = { ...POLICY, schedule: flags.schedule, scheduleDelayMs: flags.delay * 1000 };
	const signals = stopSignals(policy);
	const options = roundOptions(flags, policy, signals);
	say(flags, `Sends now, and then by the schedule ${flags.schedule} (UTC), until it is stopped (Ctrl-C or SIGTERM).`);
	let isFirst = true;
	await serve({
		policy,
		now: options.now,
		stop: signals.stop,
		onError: report,
		work: async () => {
			// --now is for the first round: later ones keep to the back-off.
			const result = await visibleRound({ ...options, evenIfNotDue: options.evenIfNotDue && isFirst });
			if (isFirst || isNews(result)) say(flags, summaryText(result));
			isFirst = false;
			return { nextDueMs: result.kind === "flushed" ? result.summary.nextDueMs : null };
		},
	});
	return EXIT.ok;
}

async function status(asJson: boolean): Promise<number> {
	const places = userDirectories();
	const found = await readStatus(spoolFolders(places.spool), hostHash(hostName()), places);
	process.stdout.write(asJson ? `${JSON.stringify(found, null, 2)}\n` : statusText(found, new Date()));
	return EXIT.ok;
}

function report(error: unknown): void {
	const text =
		error instanceof EtError
			? error.message
			: `The flush broke off; nothing is lost, and what waits is sent by a later one. ${String(error)}`;
	process.stderr.write(`et-uploader: ${text}\n`);
}

const asSchedule = (text: string): string => {
	if (isSchedule(text)) return text;
	throw new InvalidArgumentError('It has to be in cron\'s notation, such as "*/15 * * * *".');
};

const asSeconds = (text: string): number => {
	const seconds = Number(text);
	if (Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400) return seconds;
	throw new InvalidArgumentError("It has to be a number of seconds from 0 to 86400.");
};

function commandLine(): Command {
	const program = new Command("et-uploader")
		.description("Sends the reports that you consented to from your spool to their authors' servers, in batches.")
		.version(version(), "-V, --version")
		.option("--once", "send what waits, and end")
		.option("--now", "try endpoints that are backing off, too")
		.option("-q, --quiet", "print errors alone")
		.addOption(new Option("--schedule <cron>", "when to send, UTC").default(POLICY.schedule).argParser(asSchedule))
		.addOption(
			new Option("--delay <seconds>", "each time up to so much later, so that users' machines spread")
				.default(POLICY.scheduleDelayMs / 1000)
				.argParser(asSeconds),
		)
		.addHelpText("after", HELP)
		.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
	program.action(async (flags: Flags) => {
		process.exitCode = await (flags.once === true ? once(flags) : daemon(flags));
	});
	program
		.command("status")
		.description("what runs, what waits, and how each endpoint fares")
		.option("--json", "as JSON")
		.action(async ({ json }: { json?: true }) => {
			process.exitCode = await status(json === true);
		});
	return program;
}

// Who reads the output may stop reading it: that ends neither a flush nor the daemon.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// A limit on the size of files is an error like a full disk, and no end.
process.on("SIGXFSZ", () => {});

keepHeapSmall();
try {
	await commandLine().parseAsync();
} catch (error) {
	report(error);
	process.exitCode = EXIT.failed;
}
