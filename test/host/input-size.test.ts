/** How big inputs are, and when that is not known. */
import { spawnSync } from "node:child_process";
import { symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { isUnit, measureInput, type Unit } from "../../src/host/input-size.js";
import { temporaryFolder } from "../helpers/temporary.js";

const READ = "@r\nACGT\n+\n@III\n";
const RECORD = ">s > t\nACGT\nAC>GT\n";
/** More than is read before the command starts. */
const BIG = 2 * 1024 * 1024;

function fileOf(t: ExecutionContext, content: string | Uint8Array): string {
	const path = join(temporaryFolder(t), "input");
	writeFileSync(path, content);
	return path;
}

/** The size once it is known; never returns where it stays unknown. */
async function finalSize(path: string, unit: Unit): Promise<number | null> {
	const input = measureInput(path, unit);
	while (input.size() === null) await turn();
	return input.size();
}

const SMALL: readonly [what: string, content: string, unit: Unit, size: number | null][] = [
	["bytes", "é\n", "bytes", 3],
	["no bytes", "", "bytes", 0],
	["lines", "a\nb\n", "lines", 2],
	["a last line without an end", "a\nb", "lines", 2],
	["empty lines", "\n\n\n", "lines", 3],
	["no lines", "", "lines", 0],
	["reads", READ.repeat(3), "reads", 3],
	["reads without a last line end", READ.repeat(3).trimEnd(), "reads", 3],
	["no reads", "", "reads", 0],
	["half a read", READ + READ.slice(0, 5), "reads", null],
	["what is no FASTQ", "a\nb\nc\nd\n", "reads", null],
	["records", RECORD.repeat(3), "records", 3],
	["no records", "", "records", 0],
	["what is no FASTA", "ACGT\n>a\n", "records", null],
];

for (const [what, content, unit, size] of SMALL) {
	test(`${what} of a small file, known at once`, (t) => {
		t.is(measureInput(fileOf(t, content), unit).size(), size);
		if (unit !== "bytes") t.is(measureInput(fileOf(t, gzipSync(content)), unit).size(), size);
	});
}

test("a big file is counted while other things happen", async (t) => {
	const reads = fileOf(t, READ.repeat(Math.ceil(BIG / READ.length)));
	t.is(measureInput(reads, "reads").size(), null);
	t.is(await finalSize(reads, "reads"), Math.ceil(BIG / READ.length));
	const records = fileOf(t, RECORD.repeat(Math.ceil(BIG / RECORD.length)));
	t.is(await finalSize(records, "records"), Math.ceil(BIG / RECORD.length));
	const lines = fileOf(t, `${"x".repeat(BIG)}\ny`);
	t.is(await finalSize(lines, "lines"), 2);
});

test("a big compressed file, also one of several members", async (t) => {
	const member = gzipSync(READ.repeat(Math.ceil((3 * BIG) / READ.length)));
	const path = fileOf(t, Buffer.concat([member, member]));
	t.is(measureInput(path, "reads").size(), null);
	t.is(await finalSize(path, "reads"), 2 * Math.ceil((3 * BIG) / READ.length));
});

test("a compressed file that is cut off stays unknown", async (t) => {
	const path = fileOf(t, gzipSync(Buffer.from(Array.from({ length: BIG }, (_, index) => (index * index) % 251))));
	truncateSync(path, 1000);
	const input = measureInput(path, "lines");
	const whole = finalSize(fileOf(t, gzipSync(READ.repeat(Math.ceil((3 * BIG) / READ.length)))), "reads");
	t.not(await whole, null);
	t.is(input.size(), null);
});

test("what is missing, no file, or a pipe is unknown, and is not waited for", (t) => {
	const folder = temporaryFolder(t);
	const pipe = join(folder, "pipe");
	t.is(spawnSync("mkfifo", [pipe]).status, 0);
	symlinkSync(pipe, join(folder, "link"));
	for (const path of [join(folder, "none"), folder, pipe, join(folder, "link"), "/dev/null", ""]) {
		for (const unit of ["bytes", "lines", "reads", "records"] as const)
			t.is(measureInput(path, unit).size(), null, path);
	}
});

test("a file behind a symbolic link is the input that it leads to", (t) => {
	const path = fileOf(t, "a\n");
	const link = join(temporaryFolder(t), "link");
	symlinkSync(path, link);
	t.is(measureInput(link, "lines").size(), 1);
});

test("units are a closed set", (t) => {
	t.true(isUnit("reads"));
	t.false(isUnit("furlongs"));
	t.false(isUnit("constructor"));
});
