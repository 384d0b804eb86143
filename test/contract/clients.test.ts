/** What the client of every language must do alike: docs/spool-format.md and docs/consent.md, tried on real scripts. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { deny, grant, noticeDigest, withdraw } from "../../src/consent/change.js";
import type { ConsentRecord } from "../../src/consent/record.js";
import { runIdOf } from "../../src/report/ids.js";
import { scrubText } from "../../src/report/scrub.js";
import type { Platform, WireReport } from "../../src/report/types.js";
import { validateReport } from "../../src/server/intake/validate.js";
import { type Entry, entries, readEntry } from "../../src/spool/read.js";
import type { ChildResult } from "../helpers/child.js";
import { type Call, call, type Ending, enqueueBy, LANGUAGES, type Language } from "../helpers/client-languages.js";
import { type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { unlessLacking } from "../helpers/needs.js";
import { HERE, look, onlyMarker } from "../helpers/open-runs.js";
import { type PlatformCase, platformCases } from "../helpers/platforms.js";
import { makeReadOnly, mountSmallDisk, takeAllRoom, unmount } from "../helpers/small-disk.js";
import { namesIn } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** `npm run contract`: at full scale. */
const IS_WHOLE = process.env["ET_CONTRACT"] === "whole";
const AT_ONCE = IS_WHOLE ? 50 : 20;
const isRoot = process.getuid?.() === 0;

const MANIFEST = testManifest({
	data: {
		duplexes: { type: "integer", why: "Tells how much of the input was usable." },
		note: { type: "string", why: "What the author wrote." },
	},
});

/** What came of each expectation in each language, for the table. */
const outcomes = new Map<string, Map<string, string>>();

interface Needs {
	/** What it needs that this machine lacks, or null. */
	lacks?: string | null;
}

/** One expectation of every language. */
function expect(
	title: string,
	body: (t: ExecutionContext, language: Language) => Promise<void>,
	{ lacks = null }: Needs = {},
): void {
	const row = new Map<string, string>();
	outcomes.set(title, row);
	for (const language of LANGUAGES) {
		const missing = language.isHere ? lacks : (language.program[0] ?? language.name);
		row.set(language.name, "-");
		unlessLacking(missing)(`${language.name}: ${title}`, async (t) => {
			row.set(language.name, "FAILED");
			await body(t, language);
			row.set(language.name, "ok");
		});
	}
}

test.after.always("the table of all languages", (t) => {
	const width = Math.max(...[...outcomes.keys()].map(({ length }) => length));
	const names = LANGUAGES.map(({ name }) => name);
	t.log(["".padEnd(width), ...names].join("  "));
	for (const [title, row] of outcomes) {
		t.log([title.padEnd(width), ...names.map((name) => (row.get(name) ?? "-").padEnd(name.length))].join("  "));
	}
});

/** What a script prints and ends with, whatever becomes of its reports. */
const ENDS: Readonly<Record<Ending, (language: Language) => Omit<ChildResult, "stderr">>> = {
	ok: () => ({ code: 0, signal: null, stdout: "before\nafter\n" }),
	exit3: () => ({ code: 3, signal: null, stdout: "before\n" }),
	exception: ({ exceptionCode }) => ({ code: exceptionCode, signal: null, stdout: "before\n" }),
	signal: () => ({ code: null, signal: "SIGTERM", stdout: "before\n" }),
	killed: () => ({ code: null, signal: "SIGKILL", stdout: "before\n" }),
};

/** Runs the script, and holds that it is none the worse for its client. */
async function unharmed(t: ExecutionContext, language: Language, home: Home, options: Call = {}): Promise<void> {
	const { stderr, ...end } = await call(t, language, home, options);
	const { ending = "ok" } = options;
	t.deepEqual(end, ENDS[ending](language), stderr);
	if (ending !== "exception") t.is(stderr, "");
}

function undecidedHome(t: ExecutionContext, manifest = MANIFEST): Home {
	return temporaryHome(t, manifest);
}

function agreed(home: Home, changes: Partial<Parameters<typeof grant>[4]> = {}, mode: "granted" | "local" = "granted") {
	const source = readFileSync(home.manifestPath, "utf8");
	return grant(home.manifest, mode, null, "test-grant", { now: new Date(), how: "test", source, ...changes });
}

function grantedHome(t: ExecutionContext, manifest = MANIFEST): Home {
	const home = undecidedHome(t, manifest);
	home.consent.write(agreed(home));
	return home;
}

const waiting = (home: Home): Entry[] => [...entries(home.spool.new)];
const reports = (home: Home): WireReport[] => waiting(home).map(({ envelope }) => envelope.report);
const endOf = (home: Home): WireReport => {
	const end = reports(home).find(({ event }) => event === "end");
	if (end === undefined) throw new Error("no end was reported");
	return end;
};
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

expect("a run is three files, each valid here and on the server", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home);
	const names = namesIn(home.spool.new);
	t.is(names.length, 3);
	for (const name of names) {
		t.regex(name, /^\d{13}-[0-9a-f]{12}-\d+-[0-9a-f]{16}\.json$/);
		const reading = readEntry(home.spool.new, name);
		t.is(reading.state, "read");
		if (reading.state !== "read") continue;
		const { envelope, text } = reading.entry;
		const judged = validateReport(envelope.report);
		t.true(judged.ok, judged.ok ? "" : judged.message);
		const file = readFileSync(join(home.spool.new, name), "utf8");
		t.true(file.endsWith(`,"report":${text}}\n`), "what is shown stands in the file byte for byte");
		t.is(envelope.endpoint, MANIFEST.endpoint);
		t.deepEqual(envelope.notice, { version: 1, digest: noticeDigest(MANIFEST) });
		t.deepEqual([envelope.grant, envelope.hold], ["test-grant", null]);
		t.is(runIdOf(envelope.erase_key ?? ""), envelope.report.run_id);
		t.is(name.slice(-21, -13), envelope.report.run_id.slice(0, 8));
	}
	t.deepEqual(
		reports(home).map(({ event }) => event),
		["start", "prelim", "end"],
	);
	t.is(new Set(reports(home).map(({ run_id }) => run_id)).size, 1);
	t.is(new Set(reports(home).map(({ id }) => id)).size, 3);
	t.deepEqual(namesIn(home.spool.tmp), []);
});

expect("what is declared arrives, and what is measured", async (t, language) => {
	const begunMs = Math.floor(Date.now() / 1000) * 1000; // As far as a shell's clock may tell.
	const home = grantedHome(t);
	await unharmed(t, language, home);
	const end = endOf(home);
	t.is(end.project, "dunovo");
	t.is(end.version, "1.2");
	t.is(end.manifest_notice, 1);
	t.is(end.weight, 1);
	t.false(end.test);
	t.deepEqual(end.inputs, [{ name: "pairs", unit: "reads", size: 12345678 }]);
	t.deepEqual(end.data, { duplexes: 12, note: "fine" });
	t.true(Date.parse(end.occurred_at) >= begunMs && Date.parse(end.occurred_at) <= Date.now() + 1);
	const { wall_s, cpu_user_s, cpu_system_s, max_rss_bytes, measured_by } = end;
	for (const seconds of [wall_s, cpu_user_s, cpu_system_s, end.since_start_s]) {
		t.true(seconds !== null && seconds >= 0 && seconds < 600, String(seconds));
	}
	if (language.measuresMemory) t.true(max_rss_bytes !== null && max_rss_bytes > 1e6);
	else t.is(max_rss_bytes, null);
	const measured = ["wall_s", "cpu_user_s", "cpu_system_s", ...(language.measuresMemory ? ["max_rss_bytes"] : [])];
	t.deepEqual(Object.keys(measured_by), measured);
});

expect("what is not declared, or not of its type, is left out", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home, { duplexes: "many" });
	t.deepEqual(endOf(home).data, { note: "fine" });
	t.false(waiting(home).some(({ text }) => text.includes("undeclared")));
});

expect("of a path only the last part is left, and of an address nothing", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home, { note: "from /home/me/reads.fq by me@example.org" });
	t.is(endOf(home).command, "align");
	t.is(endOf(home).data["note"], "from [path] by [email]");
});

const TEXTS = [
	'quotes " and \\n no line',
	"línea 日本 🧬 \u2028 end",
	"tab\tbell\u0007 escape \u001b[31m",
	"  blank  ",
];

expect("every text arrives, without what a terminal obeys", async (t, language) => {
	for (const note of TEXTS.map((text) => text.replaceAll("\\", ""))) {
		const home = grantedHome(t);
		await unharmed(t, language, home, { note });
		t.is(endOf(home).data["note"], scrubText(note));
	}
});

expect("a grant to keep and not to send is a grant", async (t, language) => {
	const home = undecidedHome(t);
	home.consent.write(agreed(home, {}, "local"));
	await unharmed(t, language, home);
	t.is(waiting(home).length, 3);
});

expect("a manifest in another form than the one agreed to is the same manifest", async (t, language) => {
	const home = grantedHome(t);
	const { notice, project, ...rest } = home.manifest;
	writeFileSync(home.manifestPath, JSON.stringify({ project, ...rest, notice, sample: 1 }, null, "\t"));
	await unharmed(t, language, home);
	t.is(waiting(home).length, 3);
});

expect(
	"under a notice that has changed no more is kept than it and the agreed one cover, as it was agreed",
	async (t, language) => {
		const home = grantedHome(t);
		const notice = { ...MANIFEST.notice, version: 2 };
		const { note } = MANIFEST.data;
		const changed = { ...MANIFEST, endpoint: "https://elsewhere.example.org", notice, data: { note, "*": note } };
		writeFileSync(
			home.manifestPath,
			JSON.stringify({ ...changed, inputs: { pairs: { unit: "bases", why: "Other." } } }),
		);
		await unharmed(t, language, home);
		t.is(waiting(home).length, 3);
		for (const { envelope } of waiting(home)) {
			t.is(envelope.endpoint, MANIFEST.endpoint);
			t.deepEqual(envelope.notice, { version: 1, digest: noticeDigest(MANIFEST) });
			t.is(envelope.report.manifest_notice, 1);
			t.deepEqual(envelope.report.inputs, []);
		}
		t.deepEqual(endOf(home).data, { duplexes: 12, note: "fine" });
		// The agreed key of the same name is of another type: neither's "*" stands for it.
		const other = { ...MANIFEST, notice, data: { note: { ...note, type: "integer" }, "*": note } };
		writeFileSync(home.manifestPath, JSON.stringify(other));
		await unharmed(t, language, home);
		const again = reports(home).filter(({ event }) => event === "end");
		t.deepEqual(
			again.map(({ data }) => data),
			[{ duplexes: 12, note: "fine" }, { duplexes: 12 }],
		);
		t.deepEqual(again[1]?.inputs, [{ name: "pairs", unit: "reads", size: 12345678 }]);
	},
);

/** Decisions, and what else there may be, under which nothing is written anywhere. */
const NO_CONSENT: Record<string, (home: Home) => void> = {
	"no decision": () => {},
	denied: (home) => home.consent.write(deny({ project: "dunovo", now: new Date(), how: "test" })),
	withdrawn: (home) => home.consent.write(withdraw({ project: "dunovo", now: new Date(), how: "test" })),
	"an unreadable decision": (home) => {
		home.consent.write(agreed(home));
		writeFileSync(home.consent.path("dunovo"), readFileSync(home.consent.path("dunovo"), "utf8").slice(0, -3));
	},
	"a decision about another project": (home) => {
		home.consent.write(agreed(home));
		const other: ConsentRecord = { ...agreed(home), project: "other" };
		writeFileSync(home.consent.path("dunovo"), JSON.stringify(other));
	},
};

for (const [plight, prepare] of Object.entries(NO_CONSENT)) {
	expect(`nothing is made anywhere: ${plight}`, async (t, language) => {
		const home = undecidedHome(t);
		prepare(home);
		const before = home.contents();
		await unharmed(t, language, home);
		t.deepEqual(home.contents(), before);
	});
}

expect("DO_NOT_TRACK and ET_DISABLED say no, and 0 does not", async (t, language) => {
	const home = grantedHome(t);
	const before = home.contents();
	for (const env of [{ DO_NOT_TRACK: "1" }, { ET_DISABLED: "true" }, { ET_DISABLED: " yes " }]) {
		await unharmed(t, language, home, { env, phoneHome: true });
		t.deepEqual(home.contents(), before, JSON.stringify(env));
	}
	await unharmed(t, language, home, { env: { DO_NOT_TRACK: "0", ET_DISABLED: "Off" } });
	t.is(waiting(home).length, 3);
});

expect("the script's own flag is consent for one run, save where it was denied", async (t, language) => {
	const home = undecidedHome(t);
	await unharmed(t, language, home, { phoneHome: true });
	const [{ envelope } = { envelope: null }] = waiting(home);
	t.is(envelope?.grant, "flag");
	t.deepEqual(envelope?.notice, { version: 1, digest: noticeDigest(MANIFEST) });
	const denied = undecidedHome(t);
	NO_CONSENT["denied"]?.(denied);
	const before = denied.contents();
	await unharmed(t, language, denied, { phoneHome: true });
	t.deepEqual(denied.contents(), before);
});

/** Each language takes every case of the vectors, or a third of them, so that the languages together take all. */
const SHARE = IS_WHOLE ? 1 : 3;

function shareOf<T>(cases: readonly T[], { name }: { name: string }): T[] {
	const place = ["TypeScript", "Python", "sh", "bash", "Perl", "R"].indexOf(name);
	return cases.filter((_, index) => (index + place) % SHARE === 0);
}

const vectors = <T>(name: string): T =>
	JSON.parse(readFileSync(new URL(`../../../docs/vectors/${name}.json`, import.meta.url), "utf8")) as T;

interface ConsentCase {
	name: string;
	policy: string | null;
	env: NodeJS.ProcessEnv;
	decision: "granted" | "local" | "denied" | "withdrawn" | "unreadable" | null;
	notice: "agreed" | "changed";
	flag: boolean;
	kept: "grant" | "flag" | null;
}

const { cases: CONSENT_CASES } = vectors<{ cases: ConsentCase[] }>("consent");

/** Runs what follows where the folder lies over /etc: in a file system of its own, which only root can have. */
const underPolicy = (folder: string): string[] => [
	"unshare",
	"--mount",
	"sh",
	"-c",
	'mount -t overlay overlay -o "lowerdir=$0:/etc" /etc && exec "$@"',
	folder,
];

function decide(home: Home, { decision, notice }: ConsentCase): void {
	const at = { project: "dunovo", now: new Date(), how: "test" };
	if (decision === "granted" || decision === "local") home.consent.write(agreed(home, {}, decision));
	if (decision === "denied") home.consent.write(deny(at));
	if (decision === "withdrawn") home.consent.write(withdraw(at));
	if (decision === "unreadable") {
		home.consent.write(agreed(home));
		writeFileSync(home.consent.path("dunovo"), "{");
	}
	if (notice === "agreed") return;
	const changed = { ...MANIFEST, notice: { ...MANIFEST.notice, version: 2, purpose: "Another one." } };
	writeFileSync(home.manifestPath, JSON.stringify(changed));
}

/** Whether a file system can be laid over /etc here. */
function canLayPolicy(): boolean {
	const folder = mkdtempSync(join(tmpdir(), "et-policy-"));
	const [program = "", ...args] = [...underPolicy(folder), "true"];
	const { status } = spawnSync(program, args);
	rmSync(folder, { recursive: true });
	return status === 0;
}

for (const isRuled of [false, true]) {
	expect(
		`consent is asked in the order of docs/vectors/consent.json: ${isRuled ? "under a site's policy" : "without one"}`,
		async (t, language) => {
			const cases = CONSENT_CASES.filter(({ policy }) => (policy !== null) === isRuled);
			for (const each of shareOf(cases, language)) {
				const home = undecidedHome(t);
				decide(home, each);
				const layer = temporaryFolder(t);
				mkdirSync(join(layer, "et"));
				writeFileSync(join(layer, "et", "policy.json"), each.policy ?? "");
				const before = isRuled ? underPolicy(layer) : [];
				const env = { ...each.env, ...(each.flag && { FLAG: "1" }) };
				const { code, stdout, stderr } = await enqueueBy(t, language, home, { env, before });
				t.deepEqual([code, stdout, stderr], [0, "", ""], each.name);
				const grants = waiting(home).map(({ envelope }) => envelope.grant.replace("test-grant", "grant"));
				t.deepEqual(grants, each.kept === null ? [] : [each.kept], each.name);
			}
		},
		{ lacks: isRuled && !canLayPolicy() ? "a policy laid over /etc" : null },
	);
}

const TEXT_CASES = vectors<{ data: [string, string][]; command: [string, string | null][] }>("texts");

expect("of texts there is left what docs/vectors/texts.json says", async (t, language) => {
	const home = grantedHome(t);
	const keep = async (env: NodeJS.ProcessEnv): Promise<WireReport | undefined> => {
		const { code, stdout, stderr } = await enqueueBy(t, language, home, { env });
		t.deepEqual([code, stdout, stderr], [0, "", ""]);
		return reports(home).at(-1);
	};
	for (const [given, left] of shareOf(TEXT_CASES.data, language))
		t.is((await keep({ NOTE: given }))?.data["note"], left, given);
	for (const [given, left] of shareOf(TEXT_CASES.command, language))
		t.is((await keep({ COMMAND: given }))?.command, left, given);
});

expect("what its user wants to approve is held", async (t, language) => {
	const home = undecidedHome(t);
	home.consent.write(agreed(home, { review: { approve: true, delay_s: 0 } }));
	await unharmed(t, language, home);
	t.deepEqual(
		waiting(home).map(({ envelope }) => envelope.hold),
		["approve", "approve", "approve"],
	);
});

expect("what its user leaves out is not given", async (t, language) => {
	const home = undecidedHome(t);
	home.consent.write(agreed(home, { without: ["command", "wall_s", "inputs.pairs", "data.note"] }));
	await unharmed(t, language, home);
	const { command, wall_s, inputs, data, measured_by } = endOf(home);
	t.deepEqual([command, wall_s, inputs, data], [null, null, [], { duplexes: 12 }]);
	t.false("wall_s" in measured_by);
});

expect("sampling follows from the run id, and each report says for how many runs it stands", async (t, language) => {
	const none = grantedHome(t, testManifest({ ...MANIFEST, sample: 1e-9 }));
	await unharmed(t, language, none);
	t.deepEqual(namesIn(none.spool.root), []);
	const half = grantedHome(t, testManifest({ ...MANIFEST, sample: 0.5 }));
	for (let run = 0; run < 8; run++) await unharmed(t, language, half);
	for (const { run_id, weight } of reports(half)) {
		t.is(weight, 2);
		t.true(Number.parseInt(run_id.slice(0, 8), 16) < 2 ** 31);
	}
});

expect("how it ended: with another exit code", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home, { ending: "exit3" });
	const { outcome, exit_code, signal } = endOf(home);
	t.deepEqual([outcome, exit_code, signal], ["failed", 3, null]);
});

expect("how it ended: by an error of the script's own", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home, { ending: "exception" });
	const { outcome, exception } = endOf(home);
	t.is(outcome, "failed");
	t.is(exception?.type ?? null, language.exceptionType);
	for (const { file } of exception?.frames ?? []) t.is(file, language.script);
	t.true(language.exceptionType === null || (exception?.frames.length ?? 0) > 0);
	t.false(waiting(home).some(({ text }) => text.includes("secret")));
});

expect("how it ended: by a signal, of which it dies", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home, { ending: "signal" });
	const ends = reports(home).filter(({ event }) => event === "end");
	const told = ends.map(({ outcome, signal }) => [outcome, signal]);
	t.deepEqual(told, language.tellsSignals ? [["killed", "SIGTERM"]] : []);
	t.is(waiting(home).length, 2 + ends.length);
});

expect("how it ended: by what it can't know, so that its marker is reported as vanished", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home, { ending: "killed" });
	const [start] = waiting(home);
	const { path, marker } = onlyMarker(home);
	t.is(mode(path), "600");
	const [, host = "", pid = ""] = start?.name.split("-") ?? [];
	t.deepEqual([marker.host, String(marker.processes[0]?.pid)], [host, pid]);
	if (process.platform === "linux") {
		const { boot_id, pid_ns, time_ns, machine } = HERE;
		t.like(marker, { boot_id, pid_ns, time_ns, machine });
		t.true((marker.processes[0]?.start_ticks ?? 0) > 0);
	}
	const { report, ...around } = marker.envelope;
	const { report: started, ...aroundStart } = start?.envelope ?? marker.envelope;
	t.deepEqual(around, aroundStart);
	t.deepEqual(report.inputs, started.inputs);
	t.true((report.since_start_s ?? -1) >= 0);
	t.is(await look(home), 1);
	const told = reports(home).map(({ event, outcome, run_id }) => [event, outcome, run_id]);
	t.deepEqual(told, [
		["start", null, started.run_id],
		["prelim", null, started.run_id],
		["vanished", "unknown", started.run_id],
	]);
	for (const each of reports(home)) {
		const judged = validateReport(each);
		t.true(judged.ok, judged.ok ? "" : judged.message);
	}
});

expect("a run that has ended leaves no marker", async (t, language) => {
	const home = grantedHome(t);
	for (const ending of ["ok", "exit3", "exception"] as const) {
		await unharmed(t, language, home, { ending });
		t.deepEqual(namesIn(home.spool.open), []);
	}
});

/** What this machine adds to a case: it may be a container itself, and its files say so. */
function inThisContainer({ platform, platform_inner }: PlatformCase): (Platform | null)[] {
	const isContainer = ["/run/.containerenv", "/.dockerenv"].some((file) => existsSync(file));
	const found = [platform, platform_inner].filter((each) => each !== null);
	if (isContainer && !found.includes("container")) found.push("container");
	return [found[0] ?? null, found[1] ?? null];
}

expect(
	"what a run was started by, and what it was given, is told as docs/platforms.json has it",
	async (t, language) => {
		const home = grantedHome(t);
		// What only files tell can't be laid into this machine.
		const cases = shareOf(
			platformCases().filter(({ files }) => files === undefined),
			language,
		);
		for (const each of cases) {
			const cwd = temporaryFolder(t);
			const isHome = each.env["HOME"] === each.working_directory;
			const env = { ...each.env, ...(isHome && { HOME: cwd }), ...(each.env["TMPDIR"] && { TMPDIR: tmpdir() }) };
			const { code, stdout, stderr } = await enqueueBy(t, language, home, { env, cwd });
			t.deepEqual([code, stdout, stderr], [0, "", ""], each.name);
			const { platform, platform_inner, limits } = reports(home).at(-1) as WireReport;
			t.deepEqual([platform, platform_inner], inThisContainer(each), each.name);
			// TypeScript's looks at the machine's own limits, too.
			if (language.client !== null) t.deepEqual(limits, each.limits, each.name);
		}
		t.is(reports(home).length, cases.length);
	},
);

expect("files are their user's alone", async (t, language) => {
	const home = grantedHome(t);
	await unharmed(t, language, home);
	for (const folder of [home.spool.root, home.spool.new, home.spool.tmp]) t.is(mode(folder), "700");
	for (const name of namesIn(home.spool.new)) t.is(mode(join(home.spool.new, name)), "600");
});

expect("places: XDG's folders, and the home's", async (t, language) => {
	const env = { ET_SPOOL: undefined, ET_CONFIG: undefined };
	const home = undecidedHome(t);
	const config = join(home.folder, ".config", "et", "consent");
	mkdirSync(config, { recursive: true });
	writeFileSync(join(config, "dunovo.json"), JSON.stringify(agreed(home)));
	await unharmed(t, language, home, { env: { ...env, XDG_STATE_HOME: "relative" } });
	t.is(namesIn(join(home.folder, ".local", "state", "et", "spool", "new")).length, 3);
	const state = join(home.folder, "xdg");
	await unharmed(t, language, home, {
		env: { ...env, XDG_STATE_HOME: state, XDG_CONFIG_HOME: join(home.folder, ".config") },
	});
	t.is(namesIn(join(state, "et", "spool", "new")).length, 3);
});

/** Machines on which nothing can be kept: a script must not notice. */
const PLIGHTS: Record<string, (home: Home) => NodeJS.ProcessEnv> = {
	"a spool that others can write": ({ spool }) => {
		mkdirSync(spool.root);
		chmodSync(spool.root, 0o777);
		return {};
	},
	"a file in the spool's place": ({ spool }) => {
		writeFileSync(spool.root, "");
		return {};
	},
	"a spool where none can be made": () => ({ ET_SPOOL: "/proc/et/spool" }),
	"no manifest": ({ manifestPath }) => {
		rmSync(manifestPath);
		return {};
	},
	"a manifest that is none": ({ manifestPath }) => {
		writeFileSync(manifestPath, '{"et":1,"project":"dunovo"');
		return {};
	},
	"a manifest with what ET does not know": ({ manifestPath, manifest }) => {
		writeFileSync(manifestPath, JSON.stringify({ ...manifest, spy: true }));
		return {};
	},
};

for (const [plight, prepare] of Object.entries(PLIGHTS)) {
	expect(`a script does not notice: ${plight}`, async (t, language) => {
		const home = grantedHome(t);
		const env = prepare(home);
		for (const ending of ["ok", "exit3"] as const) await unharmed(t, language, home, { env, ending });
		t.deepEqual(namesIn(home.spool.new), []);
	});
}

expect(
	"a script does not notice: a variable that it can't set (of shells, bash is told of one)",
	async (t, language) => {
		const home = grantedHome(t);
		const rc = join(temporaryFolder(t), "rc");
		writeFileSync(rc, "readonly LC_ALL=C\n");
		for (const ending of ["ok", "exit3"] as const) await unharmed(t, language, home, { env: { BASH_ENV: rc }, ending });
	},
);

expect(
	"a script does not notice: a full disk",
	async (t, language) => {
		const disk = join(temporaryFolder(t), "disk");
		mountSmallDisk(disk);
		t.teardown(() => unmount(disk));
		const home = grantedHome(t);
		const env = { ET_SPOOL: join(disk, "spool") };
		await unharmed(t, language, home, { env });
		const giveBack = takeAllRoom(disk);
		await unharmed(t, language, home, { env, ending: "exit3" });
		t.is(namesIn(join(disk, "spool", "new")).length, 3);
		t.deepEqual(namesIn(join(disk, "spool", "tmp")), []);
		giveBack();
		await unharmed(t, language, home, { env });
		t.is(namesIn(join(disk, "spool", "new")).length, 6);
	},
	{ lacks: isRoot ? null : "root, who mounts a small disk" },
);

expect(
	"a script does not notice: a home that is read-only, or is not there",
	async (t, language) => {
		const home = grantedHome(t);
		await unharmed(t, language, home, { env: { HOME: "/proc/none", USERPROFILE: "/proc/none", ET_SPOOL: undefined } });
		const disk = join(temporaryFolder(t), "disk");
		mountSmallDisk(disk);
		t.teardown(() => unmount(disk));
		makeReadOnly(disk);
		const env = { HOME: disk, USERPROFILE: disk, ET_SPOOL: undefined };
		for (const ending of ["ok", "exit3"] as const) await unharmed(t, language, home, { env, ending });
		t.deepEqual(namesIn(disk), []);
	},
	{ lacks: isRoot ? null : "root, who mounts a small disk" },
);

expect(`${AT_ONCE} scripts at once leave ${3 * AT_ONCE} reports`, async (t, language) => {
	const home = grantedHome(t);
	await Promise.all(Array.from({ length: AT_ONCE }, () => unharmed(t, language, home)));
	t.is(waiting(home).length, 3 * AT_ONCE);
	t.is(new Set(reports(home).map(({ id }) => id)).size, 3 * AT_ONCE);
	t.is(new Set(reports(home).map(({ run_id }) => run_id)).size, AT_ONCE);
	t.deepEqual(namesIn(home.spool.tmp), []);
});
