/** `et check`: what an author learns of a manifest. */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { noticeDigest } from "../../src/consent/change.js";
import { consentText } from "../../src/report/manifest.js";
import { et } from "../helpers/cli.js";
import { temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { temporaryFolder } from "../helpers/temporary.js";

async function check(t: ExecutionContext, content: string, ...args: string[]) {
	const cwd = temporaryFolder(t);
	writeFileSync(join(cwd, "et.json"), content);
	return et(t, temporaryHome(t), ["check", ...args], { cwd });
}

test("a good manifest, by its digest and what it declares", async (t) => {
	const good = await check(t, JSON.stringify(manifestJson({ sample: 0.1 })));
	t.is(good.code, 0);
	t.regex(good.stdout, /^et\.json is a manifest of dunovo: notice version 1, 1 input and 1 key of data, to https:/);
	t.true(good.stdout.includes(`digest ${noticeDigest(testManifest())}\none run in 10 reports\n`));
	const json = await check(t, JSON.stringify(manifestJson()), "et.json", "--json");
	t.like(JSON.parse(json.stdout), { ok: true, project: "dunovo", digest: noticeDigest(testManifest()), problems: [] });
});

test("everything that is wrong, each with its place", async (t) => {
	const bad = manifestJson({ endpoint: "ftp://x", surplus: 1, data: { a: { type: "date", why: "" } } });
	const { code, stdout } = await check(t, JSON.stringify(bad));
	t.is(code, 1);
	t.regex(stdout, /^et\.json can't be used, and nothing is recorded under it:\n/);
	for (const place of ["endpoint", "surplus", "data.a.type", "data.a.why"])
		t.regex(stdout, new RegExp(`^ {2}${place}: `, "m"));
	const json = await check(t, JSON.stringify(bad), "--json");
	t.is(json.code, 1);
	t.is(JSON.parse(json.stdout).problems.length, 4);
});

test("what is no JSON, and what is not there", async (t) => {
	t.regex((await check(t, '{"et": \x1b')).stdout, /^ {2}et\.json: is not JSON: .*\\u\{1b\}/m);
	t.is((await check(t, "null")).code, 1);
	const missing = await check(t, "{}", "none.json");
	t.is(missing.code, 1);
	t.regex(missing.stderr, /^et: The manifest none\.json can't be read \(ENOENT\)/);
	t.is((await check(t, "{}", "a", "b")).code, 2);
});

/** A folder whose manifest can be changed, with its lock. */
async function locked(t: ExecutionContext) {
	const cwd = temporaryFolder(t);
	const home = temporaryHome(t);
	const write = (changes: Record<string, unknown>): void =>
		writeFileSync(join(cwd, "et.json"), JSON.stringify(manifestJson(changes)));
	const run = (args: readonly string[] = [], input = "") => et(t, home, ["check", ...args], { cwd, input });
	const json = async (...args: string[]) => JSON.parse((await run([...args, "--json"])).stdout);
	write({});
	t.like(await json(), { ok: true, lock: "none" });
	t.regex((await run(["--lock"])).stdout, /\nWritten: et\.lock\.json\. Commit it\.\n$/);
	t.like(await json(), { ok: true, lock: "current", compared_with: "et.lock.json", changes: [] });
	return { cwd, write, run, json };
}

const NOTICE = manifestJson()["notice"] as Record<string, unknown>;
const INPUTS = manifestJson()["inputs"] as Record<string, unknown>;

/** What an author may change of what users agree to, and how that is said. */
const CHANGES: Record<string, Record<string, unknown>> = {
	"inputs.pairs.unit: reads -> bases": { inputs: { pairs: { unit: "bases", why: "Run time depends on it." } } },
	"inputs.more: added (unit reads, why W.)": { inputs: { ...INPUTS, more: { unit: "reads", why: "W." } } },
	"data.duplexes: removed (type integer, why Tells how much of the input was usable.)": { data: {} },
	"endpoint: https://et.example.org -> https://other.example.org": { endpoint: "https://other.example.org" },
	"project: dunovo -> other": { project: "other" },
	"notice.purpose: To learn which sizes of input dunovo must be fast on. -> Else.": {
		notice: { ...NOTICE, purpose: "Else." },
	},
	"notice.retention: P2Y -> P3Y": { notice: { ...NOTICE, retention: "P3Y" } },
	"notice.addresses: full -> none": { notice: { ...NOTICE, addresses: "none" } },
	"notice.url: added (https://example.org/)": { notice: { ...NOTICE, url: "https://example.org/" } },
};

test("what users agree to can't change without a new version of the notice, and what has changed is listed", async (t) => {
	const { cwd, write, run, json } = await locked(t);
	const lock = readFileSync(join(cwd, "et.lock.json"), "utf8");
	for (const [change, changed] of Object.entries(CHANGES)) {
		write(changed);
		const { code, stdout } = await run(["--lock"]);
		t.is(code, 1, change);
		t.regex(
			stdout,
			/^What users agree to has changed since et\.lock\.json, and et\.json still has the notice version 1:\n/,
		);
		t.true(stdout.endsWith(`\n  ${change}\nRaise notice.version to 2, so that your users are asked anew.\n`), stdout);
		const told = await json();
		t.is(told.ok, false);
		t.is(told.changes[0].path, change.slice(0, change.indexOf(":")));
		write({ ...changed, notice: { ...NOTICE, ...(changed["notice"] ?? {}), version: 2 } });
		t.like(await json(), { ok: true, lock: "behind" });
		t.true((await run()).stdout.includes(`\n  ${change}\n`));
	}
	t.is(readFileSync(join(cwd, "et.lock.json"), "utf8"), lock);
});

test("a lock holds the notice, its version and its digest; a raised version renews it, and then goes back no more", async (t) => {
	const { cwd, write, run, json } = await locked(t);
	const second = testManifest({ notice: { ...NOTICE, version: 2 } });
	write({ notice: { ...NOTICE, version: 2 } });
	t.is((await run(["--lock"])).code, 0);
	t.deepEqual(JSON.parse(readFileSync(join(cwd, "et.lock.json"), "utf8")), {
		et: 1,
		project: "dunovo",
		notice: { version: 2, digest: noticeDigest(second) },
		text: consentText(second),
	});
	write({});
	const { code, stdout } = await run();
	t.is(code, 1);
	t.regex(
		stdout,
		/^et\.json has the notice version 1, and et\.lock\.json has 2: a version never goes back\.\nRaise notice\.version to 2/,
	);
	write({ notice: { ...NOTICE, version: 2 }, sample: 0.5 });
	t.like(await json(), { ok: true, lock: "current" });
});

test("compared with an older manifest, from a file or standard input, and not with the lock", async (t) => {
	const { cwd, write, run, json } = await locked(t);
	const old = JSON.stringify(manifestJson({ data: {} }));
	writeFileSync(join(cwd, "old.json"), old);
	t.like(await json("--against", "old.json"), { ok: false, compared_with: "old.json" });
	const piped = await run(["--against", "-", "et.json"], old);
	t.is(piped.code, 1);
	t.regex(piped.stdout, /has changed since standard input,.*\n {2}data\.duplexes: added /);
	t.is((await run(["--against", "-"], JSON.stringify(manifestJson()))).code, 0);
	write({ notice: { ...NOTICE, version: 2 } });
	t.like(await json("--against", "old.json"), { ok: true, lock: null });
	for (const [args, input] of [
		[["--against", "-"], ""],
		[["--against", "none.json"], ""],
	] as const) {
		const { code, stderr } = await run(args, input);
		t.is(code, 1);
		t.regex(
			stderr,
			/no manifest in standard input to compare with:\n {2}et\.json: is not JSON|can't be read \(ENOENT\)/,
		);
	}
});

test("a lock that was edited, is damaged, or can't be written is said, and what to do", async (t) => {
	const { cwd, run } = await locked(t);
	const path = join(cwd, "et.lock.json");
	const lock = readFileSync(path, "utf8");
	for (const text of [
		"{",
		"null",
		"{}",
		lock.replace("reads", "bases"),
		lock.replace('"version": 1', '"version": 2'),
	]) {
		writeFileSync(path, text);
		const { code, stderr } = await run();
		t.is(code, 1, text);
		t.regex(stderr, /^et: The lock et\.lock\.json can't be used .*et check --lock/);
	}
	rmSync(path);
	symlinkSync("none/et.lock.json", path);
	t.regex((await run(["--lock"])).stderr, /^et: The lock et\.lock\.json can't be written \(ENOENT\)/);
});
