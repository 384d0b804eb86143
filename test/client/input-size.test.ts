/** inputSize() and countInput(), as a script has them from the package. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import test from "ava";
import { countInput, type InputUnit, inputSize } from "../../src/index.js";
import { runScript } from "../helpers/child.js";
import { grantedHome, reportsIn } from "../helpers/cli.js";
import { moduleUrl } from "../helpers/modules.js";
import { temporaryFolder } from "../helpers/temporary.js";

const FASTQ = "@r\nACGT\n+\nIIII\n";

test("of a path, a URL, and several of either; counted to the end where the script does not wait", async (t) => {
	const folder = temporaryFolder(t);
	const [plain, packed] = [join(folder, "a.fq"), join(folder, "b.fq.gz")];
	writeFileSync(plain, FASTQ.repeat(7));
	writeFileSync(packed, gzipSync(FASTQ.repeat(1_000_000)));
	const counted = { unit: "reads", size: 7, measuredBy: "counted" };
	t.deepEqual(inputSize(plain, "reads"), { ...counted } as ReturnType<typeof inputSize>);
	t.like(inputSize([pathToFileURL(plain), plain], "reads"), { ...counted, size: 14 });
	t.is(inputSize([plain, packed], "reads").measuredBy, "estimated");
	t.like(await countInput([plain, packed], "reads"), { ...counted, size: 1_000_007 });
	t.like(await countInput(pathToFileURL(plain), "lines"), { ...counted, unit: "lines", size: 28 });
});

test("whatever is given, nothing is thrown, and what is not known is null", async (t) => {
	const given: unknown[] = [
		undefined,
		null,
		7,
		"",
		"none",
		[],
		["none"],
		{},
		[Symbol("s")],
		new URL("https://example.org/a"),
		{ toString: null },
	];
	for (const files of given) {
		for (const unit of ["reads", "furlongs", undefined, "bytes"]) {
			const [now, later] = [
				inputSize(files as string, unit as InputUnit),
				countInput(files as string, unit as InputUnit),
			];
			t.like(now, { size: null, measuredBy: null });
			t.like(await later, { size: null, measuredBy: null });
		}
	}
});

test("a script hands it on; what it takes to measure is loaded then, and not before", async (t) => {
	const home = grantedHome(t);
	const path = join(temporaryFolder(t), "patient-Zebedee.fq");
	writeFileSync(path, FASTQ.repeat(3));
	const script = `
		import fs from "node:fs";
		const { readFileSync } = fs;
		let loads = 0;
		fs.readFileSync = (path, ...how) => {
			if (String(path).endsWith("index-sizes.cjs")) loads++;
			return readFileSync(path, ...how);
		};
		const { inputSize, startRun } = await import(${JSON.stringify(moduleUrl("pkg/index.js"))});
		const run = startRun({ manifest: ${JSON.stringify(home.manifestPath)} });
		const before = loads;
		run.prelim({ inputs: { pairs: inputSize(${JSON.stringify(path)}, "reads") } });
		run.end({ inputs: { pairs: inputSize(${JSON.stringify(path)}, "lines") } });
		console.log(before, loads);`;
	const { stdout, stderr, code } = await runScript(t, script, { env: home.env });
	t.deepEqual({ stdout, stderr, code }, { stdout: "0 1\n", stderr: "", code: 0 });
	const [, prelim, end] = reportsIn(home);
	t.deepEqual(prelim?.inputs, [{ name: "pairs", unit: "reads", size: 3, measured_by: "counted" }]);
	t.deepEqual(end?.inputs, [{ name: "pairs", unit: "reads", size: null }], "in another unit it would be a lie");
	t.false(JSON.stringify(reportsIn(home)).includes("Zebedee"));
});

test("the client's own file holds nothing of it", (t) => {
	const client = readFileSync(new URL(moduleUrl("pkg/index.js")), "utf8");
	const sizes = readFileSync(new URL(moduleUrl("pkg/index-sizes.cjs")), "utf8");
	t.true(sizes.includes("Z_SYNC_FLUSH"));
	t.false(client.includes("Z_SYNC_FLUSH"));
});
