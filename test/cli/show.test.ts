/** `et show`: what is shown is what leaves. */
import test from "ava";
import { serialiseReport } from "../../src/report/serialise.js";
import { entries } from "../../src/spool/read.js";
import { setAsideRejected } from "../../src/spool/remove.js";
import { atTerminal, ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import { onTerminal } from "../helpers/needs.js";
import { plantFile, putReport, testEnvelope } from "../helpers/spool.js";

test("in a pipe, byte for byte what the serialiser makes", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { given: { command: "Grüße 生物", wallS: 1e-7, data: { duplexes: 3 } } });
	const [report] = reportsIn(home);
	t.truthy(report);
	if (report === undefined) return;
	const { stdout, code } = await et(t, home, ["show", report.id]);
	t.is(code, 0);
	t.is(stdout, serialiseReport(report));
	const pretty = await et(t, home, ["show", report.id, "--pretty"]);
	t.deepEqual(JSON.parse(pretty.stdout), report);
	t.true(pretty.stdout.split("\n").length > 20);
});

test("the envelope is what stays here", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { key: "0".repeat(32) });
	const [report] = reportsIn(home);
	const { stdout } = await et(t, home, ["show", report?.id ?? "", "--envelope"]);
	t.like(JSON.parse(stdout), { endpoint: home.manifest.endpoint, grant: "flag", erase_key: "0".repeat(32) });
});

test("the beginning of an id, or of its last part, is enough where it means one", async (t) => {
	const home = grantedHome(t);
	for (const last of ["aaaa00000001", "aaab00000001"]) {
		const envelope = testEnvelope({ atMs: 1000 });
		const id = `00000000-03e8-7000-8000-${last}`;
		plantFile(home.spool, JSON.stringify({ ...envelope, report: { ...envelope.report, id } }));
	}
	const shown = async (id: string) => JSON.parse((await et(t, home, ["show", id])).stdout).id;
	t.is(await shown("00000000-03e8-7000-8000-aaaa"), "00000000-03e8-7000-8000-aaaa00000001");
	t.is(await shown("aaab"), "00000000-03e8-7000-8000-aaab00000001");
	t.is(await shown("AAAB00000001"), "00000000-03e8-7000-8000-aaab00000001");
	for (const given of ["0", "aaa", "00000000-03e8"]) {
		const { code, stderr, stdout } = await et(t, home, ["show", given]);
		t.is(code, 5);
		t.is(stdout, "");
		t.regex(
			stderr,
			/^et: The ids of 2 reports begin with .*Nothing was changed\. Give more of one:\n {2}0000.*\n {2}0000.*\n$/s,
		);
	}
	for (const given of ["f", "", "../../etc", "00000000-03e8-7000-8000-aaaa000000011"]) {
		const { code, stderr } = await et(t, home, ["show", given]);
		t.is(code, 5);
		t.regex(stderr, /^et: No report's id begins with /);
	}
});

test("of one thing that is there twice, one is meant", async (t) => {
	const home = grantedHome(t);
	const envelope = testEnvelope();
	plantFile(home.spool, JSON.stringify(envelope));
	plantFile(home.spool, JSON.stringify(envelope));
	t.is((await et(t, home, ["show", envelope.report.id])).code, 0);
});

test("what a server refused can be looked at, with its reason", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool);
	const [entry] = entries(home.spool.new);
	t.truthy(entry);
	if (entry === undefined) return;
	const rejected = { at: "2026-01-01T00:00:00.000Z", code: "too_old", message: "no" };
	setAsideRejected(home.spool, entry.name, entry.envelope, rejected);
	const { stdout } = await et(t, home, ["show", entry.envelope.report.id, "--envelope"]);
	t.deepEqual(JSON.parse(stdout).rejected, rejected);
});

onTerminal("at a terminal the same, and nothing that the terminal obeys", async (t) => {
	const home = grantedHome(t);
	const envelope = testEnvelope();
	const report = { ...envelope.report, command: "\u009b2J\u202e\u001b[31m" };
	plantFile(home.spool, JSON.stringify({ ...envelope, report }));
	const { shown } = await atTerminal(t, [...ET_WORDS, "show", report.id], [], { env: home.env });
	t.true(shown.endsWith("}\r\n"));
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
	t.notRegex(shown.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/);
	t.deepEqual(JSON.parse(shown), report);
});

test("one report at a time", async (t) => {
	const home = grantedHome(t);
	for (const args of [["show"], ["show", "a", "b"]]) t.is((await et(t, home, args)).code, 2);
});
