/** Calls of a client that make no sense: an author's slip must cost the script nothing, and its user no word. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { runProgram, runScript } from "../helpers/child.js";
import { reportsIn } from "../helpers/cli.js";
import { grantAt, temporaryHome } from "../helpers/home.js";
import { moduleUrl } from "../helpers/modules.js";
import { withPerl, withPython } from "../helpers/needs.js";

const CLIENTS = fileURLToPath(new URL("../../../docs/clients/", import.meta.url));

test("JavaScript: a manifest that is no path touches no descriptor of the script", async (t) => {
	const home = temporaryHome(t);
	const script = `
		import { readFileSync } from "node:fs";
		import { enqueue } from ${JSON.stringify(moduleUrl("src/index.js"))};
		for (const manifest of [false, 0, null, []]) enqueue({}, { manifest });
		process.stdout.write(readFileSync(0));`;
	const { code, stdout, stderr } = await runScript(t, script, { env: home.env, input: "its own" });
	t.deepEqual([code, stdout, stderr], [0, "its own", ""]);
});

withPython("Python: a manifest that is no path touches no descriptor of the script", async (t) => {
	const home = temporaryHome(t);
	const script = "import et, sys; [et.enqueue(no_path) for no_path in (False, 0, None, [])]; print(sys.stdin.read())";
	const env = { ...home.env, PYTHONPATH: CLIENTS };
	const { code, stdout, stderr } = await runProgram(t, "python3", ["-B", "-c", script], { env, input: "its own" });
	t.deepEqual([code, stdout, stderr], [0, "its own\n", ""]);
});

withPerl("Perl: an odd number of words is no warning, also where a script dies of warnings", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const script = `
		use ET;
		$SIG{__WARN__} = sub { die @_ };
		my @manifest = (manifest => $ENV{MANIFEST});
		ET::enqueue(@manifest, 'odd');
		ET::enqueue([]);
		my $run = ET::start_run(@manifest, 'odd');
		$run->prelim('odd');
		$run->end('odd');
		print 'after';`;
	const env = { ...home.env, MANIFEST: home.manifestPath };
	const { code, stdout, stderr } = await runProgram(t, "perl", ["-I", CLIENTS, "-we", script], { env });
	t.deepEqual([code, stdout, stderr], [0, "after", ""]);
	t.is(reportsIn(home).length, 4);
});

withPerl("Perl: how a script reads lines changes nothing of what is measured", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const script = "use ET; my $run = ET::start_run(manifest => $ENV{MANIFEST}); undef $/; $run->end;";
	const env = { ...home.env, MANIFEST: home.manifestPath };
	t.is((await runProgram(t, "perl", ["-I", CLIENTS, "-we", script], { env })).code, 0);
	const end = reportsIn(home).find(({ event }) => event === "end");
	t.true((end?.max_rss_bytes ?? 0) > 0);
});
