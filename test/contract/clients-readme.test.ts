/** The scripts that docs/clients/README.md shows do what it says, exactly as they are printed there. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runIdOf } from "../../src/report/ids.js";
import { runProgram } from "../helpers/child.js";
import { reportsIn } from "../helpers/cli.js";
import { LANGUAGES } from "../helpers/client-languages.js";
import { grantAt, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { needing, withPython } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const CLIENTS = fileURLToPath(new URL("../../../docs/clients/", import.meta.url));
const README = readFileSync(join(CLIENTS, "README.md"), "utf8");

/** What a heading's first block of code says. @throws Error where there is none */
function example(heading: string): string {
	const [, section = ""] = README.split(`\n## ${heading}\n`);
	const code = /```\w+\n([\s\S]*?)```/.exec(section)?.[1];
	if (code === undefined) throw new Error(`no example stands under ${heading}`);
	return code;
}

const HEADINGS: Readonly<Record<string, string>> = {
	Python: "Python",
	sh: "sh and bash",
	bash: "sh and bash",
	Perl: "Perl",
	R: "R",
};

for (const { name, program, client, script, isHere } of LANGUAGES) {
	if (client === null) continue;
	const declare = needing(program[0] ?? name, () => isHere);
	declare(`the example in ${name} reports a run, as it is printed`, async (t) => {
		const home = temporaryHome(t);
		grantAt(home);
		const folder = temporaryFolder(t);
		copyFileSync(join(CLIENTS, client), join(folder, client));
		copyFileSync(home.manifestPath, join(folder, "et.json"));
		writeFileSync(join(folder, script), example(HEADINGS[name] ?? ""));
		const [command = "", ...words] = [...program, join(folder, script)];
		const { code, stdout, stderr } = await runProgram(t, command, words, { env: home.env });
		t.deepEqual([code, stdout, stderr], [0, "", ""]);
		const events = reportsIn(home);
		t.deepEqual(
			events.map(({ event }) => event),
			["start", "end"],
		);
		t.deepEqual(events[1]?.data, { duplexes: 1200 });
		t.is(events[1]?.inputs[0]?.size, 12345678);
		t.is(events[1]?.command, "align");
	});
}

interface RunCase {
	erase_key: string;
	run_id: string;
	sample: number;
	reports: boolean;
	weight: number | null;
}

const { cases: RUNS } = JSON.parse(readFileSync(join(CLIENTS, "../vectors/runs.json"), "utf8")) as { cases: RunCase[] };

withPython(
	"a run id follows from its key, and decides whether the run reports, as docs/vectors/runs.json says",
	async (t) => {
		for (const { erase_key, run_id, sample, reports, weight } of RUNS) {
			t.is(runIdOf(erase_key), run_id);
			const home = temporaryHome(t, testManifest({ sample }));
			grantAt(home);
			const script = "import et, os; et.enqueue(os.environ['MANIFEST'], erase_key=os.environ['KEY'])";
			const env = { ...home.env, PYTHONPATH: CLIENTS, MANIFEST: home.manifestPath, KEY: erase_key };
			t.is((await runProgram(t, "python3", ["-B", "-c", script], { env })).code, 0);
			const found = reportsIn(home).map((report) => [report.run_id, report.weight]);
			t.deepEqual(found, reports ? [[run_id, weight]] : []);
		}
	},
);
