/** `et check`: what an author learns of a manifest. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { noticeDigest } from "../../src/consent/change.js";
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
