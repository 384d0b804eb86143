/** What `et show` printed is what a server received, byte for byte once inflated. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { fold } from "../../src/spool/segments.js";
import { waiting } from "../../src/spool/waiting.js";
import { runProgram, runScript } from "../helpers/child.js";
import { accepting, faultyServer } from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { namesIn, putReport } from "../helpers/spool.js";

const [ET, UPLOADER] = ["pkg/et.js", "pkg/et-uploader.js"].map((path) => fileURLToPath(moduleUrl(path))) as [
	string,
	string,
];

const program = async (t: ExecutionContext, home: Home, path: string, args: readonly string[]): Promise<string> => {
	const { code, stdout, stderr } = await runProgram(t, process.execPath, [path, ...args], { env: home.env });
	t.deepEqual([code, stderr], [0, ""]);
	return stdout;
};

/** Values whose JSON has more than one way to be written. */
const SCRIPT = (manifestPath: string): string => `
	import { startRun, enqueue } from ${JSON.stringify(moduleUrl("pkg/index.js"))};
	const manifest = ${JSON.stringify(manifestPath)};
	const data = { large: 1e21, small: 1e-7, sum: 0.1 + 0.2, minus: -0, text: "\\u00e4 \\u{1f9ec} \\" \\\\ \\u2028", half: "\\ud800" };
	startRun({ manifest, command: "align", inputs: { pairs: 2500000 } }).end({ data });
	enqueue({ wallS: 1e-9, maxRssBytes: 2 ** 53 - 1 }, { manifest });`;

/** As another language might have written it: spaces, numbers of another form, escapes that need not be. */
function rewrite(home: Home, name: string): void {
	const path = join(home.spool.new, name);
	const text = readFileSync(path, "utf8");
	const foreign = JSON.stringify(JSON.parse(text), null, 1)
		.replace('"weight": 1', '"weight": 1.0')
		.replace("align", "\\u0061lign");
	writeFileSync(path, foreign);
}

test("loose, folded and foreign reports leave as they were shown", async (t) => {
	const server = await faultyServer(t, accepting);
	const data = { "*": { type: "string", why: "Tested." } };
	const home = temporaryHome(t, testManifest({ endpoint: server.url, data }));
	const { grant } = grantAt(home);
	t.is((await runScript(t, SCRIPT(home.manifestPath), { env: home.env })).stderr, "");
	const [first = "", second = ""] = namesIn(home.spool.new);
	rewrite(home, first);
	fold(home.spool, "0000000001000-test", [{ name: second, text: readFileSync(join(home.spool.new, second), "utf8") }]);
	putReport(home.spool, { manifest: home.manifest, grant: grant?.id ?? "", given: { command: "late" } });

	const ids = [...waiting(home.spool)].map(({ envelope }) => envelope.report.id);
	t.is(ids.length, 4);
	const shown: string[] = [];
	for (const id of ids) shown.push(await program(t, home, ET, ["show", id]));
	t.is(new Set(shown).size, 4);

	await program(t, home, UPLOADER, ["--once"]);
	t.is(server.requests.length, 1);
	const body = server.requests[0]?.text ?? "";
	const reports = body.slice(body.indexOf('"reports":[') + '"reports":['.length, -"]}".length);
	t.is(reports, shown.map((text) => text.replace(/\n$/, "")).join(","));
});
