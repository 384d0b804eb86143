/** Scripts of the predecessor: on ET's phone.py they leave reports in the spool, and on their own they reach et-server. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { deny } from "../../src/consent/change.js";
import { runIdOf } from "../../src/report/ids.js";
import { eraseKeyOf } from "../../src/server/intake/predecessor/call.js";
import { waiting } from "../../src/spool/waiting.js";
import { HAS_OPENSSL, makeCertificates } from "../helpers/certificate.js";
import { runProgram } from "../helpers/child.js";
import { type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { needing, withPython } from "../helpers/needs.js";
import { testServer } from "../helpers/server.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { runUploader } from "../helpers/uploader.js";

const FIXTURES = fileURLToPath(new URL("../../../test/fixtures/predecessor/", import.meta.url));
const CLIENTS = fileURLToPath(new URL("../../../docs/clients/", import.meta.url));

const withBoth: typeof withPython = HAS_OPENSSL ? withPython : needing("openssl", () => false);

const declared = (changes: Record<string, unknown> = {}) =>
	testManifest({
		inputs: { input_size: { unit: "bytes", why: "Run time depends on it." } },
		data: {
			duplexes: { type: "integer", why: "Tells how much of the input was usable." },
			aligner: { type: "string", why: "They differ." },
		},
		...changes,
	});

/** A home, and beside it the program as its author ships it: the script, ET/phone.py, ET/et.py and et.json. */
function shipped(t: ExecutionContext, manifest = declared()) {
	const home = temporaryHome(t, manifest);
	const program = join(home.folder, "..", "program");
	mkdirSync(join(program, "ET"), { recursive: true });
	copyFileSync(home.manifestPath, join(program, "et.json"));
	copyFileSync(join(FIXTURES, "align_families.py"), join(program, "align_families.py"));
	for (const file of ["phone.py", "et.py"]) copyFileSync(join(CLIENTS, file), join(program, "ET", file));
	const python = (env: NodeJS.ProcessEnv, ...args: string[]) =>
		runProgram(t, "python3", ["-B", ...args], { env: { ...home.env, ...env } });
	return {
		home,
		program,
		script: (...args: string[]) => python({}, join(program, "align_families.py"), ...args),
		scriptWith: (env: NodeJS.ProcessEnv, ...args: string[]) => python(env, join(program, "align_families.py"), ...args),
		phone: (...args: string[]) => python({}, join(program, "ET", "phone.py"), ...args),
	};
}

const reportsIn = ({ spool }: Home) => [...waiting(spool)].map(({ envelope }) => envelope.report);
const SILENT = { code: 0, stdout: "", stderr: "" };

withPython("a script of the predecessor leaves its reports in the spool, unchanged", async (t) => {
	const { home, script } = shipped(t);
	t.like(await script("--phone-home", "--galaxy", "--test"), SILENT);
	const reports = reportsIn(home);
	t.deepEqual(
		reports.map(({ event }) => event),
		["start", "prelim", "end"],
	);
	t.is(new Set(reports.map(({ run_id }) => run_id)).size, 1);
	for (const report of reports) {
		t.like(report, {
			project: "dunovo",
			command: "align_families.py",
			version: "2.15",
			platform: "galaxy",
			test: true,
		});
	}
	const [, prelim, end] = reports;
	t.like(prelim?.inputs[0], { name: "input_size", unit: "bytes" });
	t.true((prelim?.inputs[0]?.size ?? 0) > 1000);
	t.like(end, { outcome: "ok", wall_s: 7, measured_by: { wall_s: "script" } });
	t.is(typeof end?.cpu_user_s, "number");
	t.true((end?.max_rss_bytes ?? 0) > 1_000_000);
	t.deepEqual(end?.data, { duplexes: 12, aligner: "mafft" });
});

withPython("what it said of a crash is the error's type and its own lines", async (t) => {
	const { home, script } = shipped(t);
	const crashed = await script("--phone-home", "--crash");
	t.is(crashed.code, 1);
	t.regex(crashed.stderr, /^Traceback[\s\S]*ValueError/);
	const end = reportsIn(home).at(-1);
	t.like(end, { event: "end", outcome: "failed", exception: { type: "ValueError" } });
	t.deepEqual(
		end?.exception?.frames.map(({ file, function: name }) => [file, name]),
		[
			["align_families.py", "work"],
			["align_families.py", "main"],
		],
	);
	t.notRegex(JSON.stringify(end), /secret|ada/);
	t.is(reportsIn(home).length, 3);
});

withPython("send_start and send_end are one run", async (t) => {
	const { home, script } = shipped(t);
	t.like(await script("--phone-home", "--functions"), SILENT);
	const reports = reportsIn(home);
	t.deepEqual(
		reports.map(({ event }) => event),
		["start", "end"],
	);
	t.is(reports[0]?.run_id, reports[1]?.run_id);
	t.like(reports[1], { wall_s: 7, data: { duplexes: 12 } });
});

withPython("the command's start, prelim and end are one run, by the id that start prints", async (t) => {
	const { home, phone } = shipped(t);
	const began = await phone("start", "-s", "/home/ada/pipeline.sh", "-v", "3.1", "-d", "old.example.org", "-p", "any");
	t.deepEqual([began.code, began.stderr], [0, ""]);
	t.regex(began.stdout, /^[A-Za-z0-9+/]{24}\n$/);
	const runId = began.stdout.trim();
	const same = ["-i", runId, "-s", "pipeline.sh", "-v", "3.1"];
	t.like(await phone("prelim", ...same, "-r", '{"input_size": 4096}'), SILENT);
	t.like(await phone("end", ...same, "-t", "0", "-r", '{"duplexes": 3}', "-T", "-I", "-q"), SILENT);
	const reports = reportsIn(home);
	t.deepEqual(
		reports.map(({ event, command, version }) => [event, command, version]),
		[
			["start", "pipeline.sh", "3.1"],
			["prelim", "pipeline.sh", "3.1"],
			["end", "pipeline.sh", "3.1"],
		],
	);
	t.deepEqual([...new Set(reports.map(({ run_id }) => run_id))], [runIdOf(eraseKeyOf("dunovo", runId))]);
	t.like(reports[2], { wall_s: 0, test: true, data: { duplexes: 3 } });
});

withPython("the command says what is wrong with how it is called", async (t) => {
	const { home, phone } = shipped(t);
	for (const args of [["end", "-t", "1"], ["prelim"], ["end", "-i", "x"], ["end", "-i", "x", "-t", "1", "-r", "{"]]) {
		const { code, stdout, stderr } = await phone(...args);
		t.deepEqual([code, stdout], [1, ""]);
		t.regex(stderr, /^phone\.py: --run-[^\n]+\. Nothing was reported\.\n$/);
	}
	t.is((await phone("finish")).code, 2);
	t.is((await phone("--help")).code, 0);
	t.deepEqual(home.contents(), []);
});

withPython("without the flag, and where its user or machine says no, there is no trace", async (t) => {
	const { home, script, scriptWith } = shipped(t);
	t.like(await script(), SILENT);
	t.like(await scriptWith({ DO_NOT_TRACK: "1" }, "--phone-home"), SILENT);
	t.like(await scriptWith({ ET_DISABLED: "1" }, "--phone-home", "--functions"), SILENT);
	t.deepEqual(home.contents(), []);
	home.consent.write(deny({ project: "dunovo", now: new Date(), how: "test" }));
	t.like(await script("--phone-home"), SILENT);
	t.deepEqual(reportsIn(home), []);
});

withPython("without a manifest, or with one that is none, the script is none the worse", async (t) => {
	const { home, program, script } = shipped(t);
	for (const manifest of ["{", "[]", '{"et":1,"project":7}', '{"et":1,"project":"dunovo"}']) {
		writeFileSync(join(program, "et.json"), manifest);
		t.like(await script("--phone-home"), SILENT, manifest);
	}
	rmSync(join(program, "et.json"));
	t.like(await script("--phone-home", "--functions"), SILENT);
	const verbose = await script("--phone-home", "--verbose");
	t.deepEqual([verbose.code, verbose.stdout], [0, ""]);
	t.regex(verbose.stderr, /^Not reported: /);
	t.deepEqual(home.contents(), []);
});

withPython("a spool that cannot be written costs the script nothing, also with fail='exception'", async (t) => {
	const { home, script } = shipped(t);
	writeFileSync(home.spool.root, "a file");
	t.like(await script("--phone-home"), SILENT);
});

withBoth("an old script over https and its successor's spool are one story on one page", async (t) => {
	const folder = temporaryFolder(t);
	const { authority } = makeCertificates(folder);
	const { url, store } = await testServer(t, {
		tls: { cert: join(folder, "server.pem"), key: join(folder, "server.key") },
	});
	const { port } = new URL(url);
	const old = (...args: string[]) =>
		runProgram(t, "python3", [join(FIXTURES, "sends.py"), port, ...args], {
			env: { PATH: process.env["PATH"], SSL_CERT_FILE: authority },
		});
	const runId = "Ab3+/xYz0123456789abcdEF";
	const said = `project:\tdunovo\nscript:\talign_families.py\nversion:\t2.15\nrun_id:\t${runId}\n`;
	t.like(await old(runId, "start"), { code: 0, stdout: said, stderr: "" });
	t.like(await old(runId, "end", '{"time": 5025, "input_size": 4096}'), { code: 0, stdout: said, stderr: "" });
	t.like(await old(runId, "finish", "{}"), { code: 1, stdout: 'Error: Unrecognized event type "finish"\n' });

	// The author ships phone.py, whose reports the user's uploader carries to the same place.
	const { home, script } = shipped(t, declared({ endpoint: `https://localhost:${port}` }));
	t.like(await script("--phone-home"), SILENT);
	const sent = await runUploader(t, home.spool, ["--once"], { NODE_EXTRA_CA_CERTS: authority, ...home.env });
	t.is(sent.code, 0, sent.stdout + sent.stderr);
	t.like(await store.counts(), { events: 5, runs: 2, projects: 1 });
	const [event] = await store.runEvents("dunovo", runIdOf(eraseKeyOf("dunovo", runId)));
	t.is(event?.report.command, "align_families.py");
});
