import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ExecutionContext } from "ava";
import { noticeDigest } from "../../src/consent/change.js";
import { runProgram } from "../helpers/child.js";
import { et } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { withPython } from "../helpers/needs.js";
import { namesIn, plantFile, putReport, testEnvelope } from "../helpers/spool.js";

const CLIENT = fileURLToPath(new URL("../../../docs/clients/et.py", import.meta.url));

const py = (t: ExecutionContext, home: Home, ...args: string[]) =>
	runProgram(t, "python3", ["-B", CLIENT, ...args], { env: home.env });

withPython("a decision of the one is read by the other", async (t) => {
	const home = temporaryHome(t);
	const granted = await py(t, home, "consent", "grant", home.manifestPath, "--yes");
	t.is(granted.code, 0, granted.stderr);
	const reading = home.consent.read("dunovo");
	t.is(reading.state, "decided");
	if (reading.state !== "decided") return;
	t.is(reading.record.grant?.notice.digest, noticeDigest(home.manifest));
	t.is(reading.record.grant?.source, readFileSync(home.manifestPath, "utf8"));
	t.is((await et(t, home, ["consent", "withdraw", "dunovo"])).code, 0);
	t.regex((await py(t, home, "consent", "status", "dunovo")).stdout, /^dunovo: withdrawn/);
	t.is((await py(t, home, "consent", "deny", "dunovo")).code, 0);
	t.regex((await et(t, home, ["consent", "status", "dunovo"])).stdout, /^dunovo: denied/);
});

withPython("what restricts a grant holds when it is renewed", async (t) => {
	const home = temporaryHome(t);
	const { grant, ...record } = grantAt(home);
	const restricted = { ...grant, without: ["platform"], review: { approve: true, delay_s: 60 }, of_later: 1 };
	writeFileSync(home.consent.path("dunovo"), JSON.stringify({ ...record, grant: restricted }));
	t.is((await py(t, home, "consent", "grant", home.manifestPath, "--yes")).code, 0);
	const renewed = JSON.parse(readFileSync(home.consent.path("dunovo"), "utf8"));
	t.deepEqual(renewed.grant.without, ["platform"]);
	t.deepEqual(renewed.grant.review, { approve: true, delay_s: 60 });
	t.deepEqual([renewed.grant.of_later, renewed.grant.id], [1, grant?.id]);
});

withPython("a grant that lets go what was kept for oneself says so", async (t) => {
	const home = temporaryHome(t);
	grantAt(home, "local");
	putReport(home.spool, { grant: "test-grant" });
	const told = "1 report that you kept for yourself will leave, too: et.py pending, et.py drop\n";
	for (const stderr of [told, ""]) {
		const granted = await py(t, home, "consent", "grant", "dunovo", "--yes");
		t.deepEqual([granted.code, granted.stderr], [0, stderr]);
	}
});

withPython("show prints the bytes that et prints, whoever wrote the report", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	putReport(home.spool, { given: { command: "línea 🧬", wallS: 0.1, inputs: { pairs: 1e21 } } });
	const envelope = testEnvelope();
	const odd = JSON.stringify(envelope).replace(
		/"data":\{[^}]*\}/,
		'"data" : {"b": 1.0, "10": 1e400, "9": 123456789012345678901, "c": -0.0, "d": 1E-7, "e": "\\u00e9\\ud800\\u0000\\/"}',
	);
	plantFile(home.spool, odd);
	const listed = JSON.parse((await et(t, home, ["pending", "--json"])).stdout).reports as { id: string }[];
	t.is(listed.length, 2);
	for (const { id } of listed) {
		const shown = await py(t, home, "show", id);
		t.is(shown.stdout, (await et(t, home, ["show", id])).stdout);
		t.is(shown.code, 0, shown.stderr);
	}
	t.is((await py(t, home, "pending")).stdout.match(/ waiting$| never leaves$/gm)?.length ?? 0, 2);
});

withPython("drop counts as et drop does, and what it dropped stays away", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	for (let report = 0; report < 3; report++) putReport(home.spool);
	const [first] = JSON.parse((await et(t, home, ["pending", "--json"])).stdout).reports as { id: string }[];
	t.is((await py(t, home, "drop", first?.id ?? "")).stdout, "1 report dropped.\n");
	t.is((await py(t, home, "drop", first?.id ?? "")).code, 5);
	t.is((await py(t, home, "drop", "--all", "--yes")).stdout, "2 reports dropped.\n");
	t.deepEqual(namesIn(home.spool.new), []);
	const { count, dropped } = JSON.parse((await et(t, home, ["pending", "--json"])).stdout);
	t.is(count, 0);
	t.deepEqual(dropped, { dunovo: { dropped_by_user: 3 } });
});

withPython("what --json says is what et says by the same names", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	for (let report = 0; report < 3; report++) putReport(home.spool);
	const [{ id }] = JSON.parse((await et(t, home, ["pending", "--json"])).stdout).reports;
	t.is((await py(t, home, "drop", id)).code, 0);
	for (const command of [["pending"], ["consent", "status", "dunovo"], ["consent"]]) {
		const ours = await py(t, home, ...command, "--json");
		t.is(ours.code, 0, ours.stderr);
		const theirs = JSON.parse((await et(t, home, [...command, "--json"])).stdout);
		t.like(theirs, JSON.parse(ours.stdout), command.join(" "));
	}
});

withPython("a withdrawal takes the markers of runs under way, too", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const script = "import et, os, signal; et.start_run(os.environ['MANIFEST']); os.kill(os.getpid(), signal.SIGKILL)";
	const env = {
		...home.env,
		PYTHONPATH: fileURLToPath(new URL(".", pathToFileURL(CLIENT))),
		MANIFEST: home.manifestPath,
	};
	t.is((await runProgram(t, "python3", ["-B", "-c", script], { env })).signal, "SIGKILL");
	t.is(namesIn(home.spool.open).length, 1);
	t.regex((await py(t, home, "pending")).stdout, /^1 run under way/m);
	t.regex((await py(t, home, "consent", "withdraw", "dunovo")).stdout, /^1 run under way: nothing is reported/m);
	t.deepEqual([namesIn(home.spool.open), namesIn(home.spool.new)], [[], []]);
});

withPython("without a terminal nobody is asked, and nothing changes", async (t) => {
	const home = temporaryHome(t);
	const before = home.contents();
	for (const args of [
		["consent", "grant", home.manifestPath],
		["drop", "--all"],
		["spy"],
		["show"],
		["consent", "x"],
	]) {
		const { code, stdout, stderr } = await py(t, home, ...args);
		t.deepEqual([code, stdout], [2, ""], args.join(" "));
		t.regex(stderr, /^et\.py: /);
	}
	t.deepEqual(home.contents(), before);
});
