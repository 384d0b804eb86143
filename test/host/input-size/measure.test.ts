/** How big inputs are, when that is an estimate, and when it is not known. */
import { spawnSync } from "node:child_process";
import {
	appendFileSync,
	chmodSync,
	openSync,
	readFileSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { AT_ONCE, measureInput, NO_BUDGET, sizeNow } from "../../../src/host/input-size/measure.js";
import { isUnit, type Size, sumOf, UNITS, UNKNOWN_SIZE, type Unit } from "../../../src/host/input-size/size.js";
import { asOrdinaryUser, onLinux } from "../../helpers/needs.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const READ = "@r\nACGT\n+\n@III\n";
const SPREAD_READ = "@r a b\r\nACGT\r\nAC\r\n+r a b\r\n@III\r\n+I\r\n";
const RECORD = ">s > t\nACGT\nAC>GT\n";
const MEBIBYTE = 1024 * 1024;
/** More than is read at first. */
const BIG = 2 * MEBIBYTE;
/** A gzip'd file that ends with no member's end: the magic of the next one, and no more. */
const CUT_MEMBER = Buffer.from([0x1f, 0x8b, 8, 0]);

function fileOf(t: ExecutionContext, content: string | Uint8Array): string {
	const path = join(temporaryFolder(t), "input");
	writeFileSync(path, content);
	return path;
}

const counted = (size: number | null): Size => (size === null ? UNKNOWN_SIZE : { size, measuredBy: "counted" });
const finalSize = (path: string, unit: Unit): Promise<Size> => measureInput(path, unit, NO_BUDGET).done;

/** Reads of a random length and content, such as compress to about a third: the same ones each time. */
function variedReads(reads: number): string {
	let state = 1;
	const next = (below: number): number => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	const letters = (length: number, alphabet: string): string =>
		Array.from({ length }, () => alphabet[next(alphabet.length)]).join("");
	const lines = Array.from({ length: reads }, (_, index) => {
		const length = 80 + next(40);
		return `@read:${index}\n${letters(length, "ACGT")}\n+\n${letters(length, "FFFFFF:,#")}\n`;
	});
	return lines.join("");
}

const SMALL: readonly [what: string, content: string, unit: Unit, size: number | null][] = [
	["lines", "a\nb\n", "lines", 2],
	["a last line without an end", "a\nb", "lines", 2],
	["empty lines", "\n\n\n", "lines", 3],
	["no lines", "", "lines", 0],
	["reads", READ.repeat(3), "reads", 3],
	[
		"reads over several lines, of which one of qualities begins with @, with DOS's line ends",
		SPREAD_READ.repeat(3),
		"reads",
		3,
	],
	["reads without a last line end", READ.repeat(3).trimEnd(), "reads", 3],
	["reads with empty lines behind them", `${READ.repeat(3)}\n\n`, "reads", 3],
	["reads of no bases", "@r\n\n+\n\n".repeat(3), "reads", 3],
	["reads, counted as records", READ.repeat(3), "records", 3],
	["no reads", "", "reads", 0],
	["half a read", READ + READ.slice(0, 5), "reads", null],
	["a read without its last quality", READ.slice(0, -2), "reads", null],
	["a read with a quality too many", READ.replace("III", "IIII"), "reads", null],
	["what is no FASTQ", "a\nb\nc\nd\n", "reads", null],
	["SAM, which begins as FASTQ does", "@HD\tVN:1.6\n@SQ\tSN:a\tLN:9\nr\t4\t*\t0\t0\t*\t*\t0\t0\tA\tI\n", "reads", null],
	["records", RECORD.repeat(3), "records", 3],
	["records without a last line end", RECORD.repeat(3).trimEnd(), "records", 3],
	["records, counted as reads", RECORD.repeat(3), "reads", 3],
	["no records", "", "records", 0],
	["what is no FASTA", "ACGT\n>a\n", "records", null],
	["what is neither", "\u0000\u0001\u0002", "records", null],
];

for (const [what, content, unit, size] of SMALL) {
	test(`${what} in a small file, known at once`, (t) => {
		const [plain, packed] = [fileOf(t, content), fileOf(t, gzipSync(content))];
		for (const path of [plain, packed]) {
			t.deepEqual(measureInput(path, unit).size(), counted(size));
			t.deepEqual(sizeNow(path, unit), counted(size));
		}
	});
}

test("bytes are those on the disk, gzip'd or not", (t) => {
	const packed = gzipSync(READ);
	t.deepEqual(sizeNow(fileOf(t, "é\n"), "bytes"), { size: 3, measuredBy: "stat" });
	t.deepEqual(sizeNow(fileOf(t, ""), "bytes"), { size: 0, measuredBy: "stat" });
	t.deepEqual(measureInput(fileOf(t, packed), "bytes").size(), { size: packed.length, measuredBy: "stat" });
});

test("a big file is counted while other things happen, and estimated until then", async (t) => {
	const reads = Math.ceil(BIG / READ.length);
	const path = fileOf(t, READ.repeat(reads));
	const measuring = measureInput(path, "reads");
	t.deepEqual(measuring.size(), { size: Number(reads.toPrecision(3)), measuredBy: "estimated" });
	t.deepEqual(await measuring.done, counted(reads));
	t.deepEqual(measuring.size(), counted(reads));
	const records = Math.ceil(BIG / RECORD.length);
	t.deepEqual(await finalSize(fileOf(t, RECORD.repeat(records)), "records"), counted(records));
	t.deepEqual(sizeNow(path, "reads"), counted(reads));
});

test("of what is too little to estimate from, nothing is said before it is counted", async (t) => {
	const measuring = measureInput(fileOf(t, `${"x".repeat(BIG)}\ny`), "lines");
	t.deepEqual(measuring.size(), UNKNOWN_SIZE);
	t.deepEqual(await measuring.done, counted(2));
});

test("pieces of a file that end anywhere are counted as one", async (t) => {
	for (const width of [1, 2, 3, 5, 7]) {
		// The border of a piece falls behind each of a read's bytes in turn.
		const shift = `@${"x".repeat(width)}\nA\n+\nI\n`;
		const reads = 1 + Math.ceil(BIG / SPREAD_READ.length);
		t.deepEqual(await finalSize(fileOf(t, shift + SPREAD_READ.repeat(reads - 1)), "reads"), counted(reads));
	}
});

test("gzip'd reads: estimated at once to within a tenth, and counted to the last one, also in several members", async (t) => {
	const reads = 20_000;
	const text = variedReads(reads);
	const half = text.indexOf("@read:10000\n");
	const members = [gzipSync(text.slice(0, half)), gzipSync(text.slice(half))];
	for (const content of [gzipSync(text), Buffer.concat(members)]) {
		const path = fileOf(t, content);
		const estimate = sizeNow(path, "reads");
		t.is(estimate.measuredBy, "estimated");
		t.true(Math.abs((estimate.size ?? 0) - reads) < reads / 10, String(estimate.size));
		t.deepEqual(measureInput(path, "reads").size(), estimate);
		t.deepEqual(await finalSize(path, "reads"), counted(reads));
	}
});

test("many small members, as bgzip writes them, and an empty one at the end", async (t) => {
	const text = variedReads(4000);
	const pieces = Array.from({ length: Math.ceil(text.length / 60_000) }, (_, index) =>
		gzipSync(text.slice(index * 60_000, (index + 1) * 60_000)),
	);
	const path = fileOf(t, Buffer.concat([...pieces, gzipSync("")]));
	const { size, measuredBy } = sizeNow(path, "reads");
	t.is(measuredBy, "estimated");
	t.true(Math.abs((size ?? 0) - 4000) < 400, String(size));
	t.deepEqual(await finalSize(path, "reads"), counted(4000));
});

test("the length that gzip writes down at the end is that of the last member alone, and is not believed", (t) => {
	const member = gzipSync(READ.repeat(100));
	const path = fileOf(t, Buffer.concat([member, member, gzipSync(READ)]));
	const written = readFileSync(path).readUInt32LE(readFileSync(path).length - 4);
	t.is(written, READ.length);
	t.deepEqual(sizeNow(path, "reads"), counted(201));
});

test("a small file that inflates to a big one takes no memory for it", async (t) => {
	const path = fileOf(t, gzipSync(READ.repeat(Math.ceil((8 * BIG) / READ.length))));
	const { size, measuredBy } = sizeNow(path, "reads");
	t.is(measuredBy, "estimated");
	t.true((size ?? 0) > 0);
	t.deepEqual(await finalSize(path, "reads"), counted(Math.ceil((8 * BIG) / READ.length)));
});

test("a gzip'd file that is cut off is unknown, small or big, wherever it was cut", async (t) => {
	const small = fileOf(t, gzipSync(READ.repeat(1000)));
	truncateSync(small, readFileSync(small).length - 6);
	t.deepEqual(sizeNow(small, "reads"), UNKNOWN_SIZE);
	const big = gzipSync(variedReads(10_000));
	for (const cut of [big.subarray(0, -1), big.subarray(0, big.length / 2), Buffer.concat([big, CUT_MEMBER])]) {
		t.deepEqual(await finalSize(fileOf(t, cut), "reads"), UNKNOWN_SIZE, String(cut.length));
	}
	for (const cut of [gzipSync("").subarray(0, 5), Buffer.from([0x1f, 0x8b])]) {
		t.deepEqual(sizeNow(fileOf(t, cut), "lines"), UNKNOWN_SIZE, String(cut.length));
	}
});

test("what is compressed in another way is not counted as if it were text", (t) => {
	const magics = ["BZh91AY&SY", "\xfd7zXZ\0", "\x28\xb5\x2f\xfd", "PK\x03\x04", '\x04"M\x18', "\x1f\x9d", "CRAM\x03\0"];
	for (const magic of magics) {
		const path = fileOf(t, Buffer.from(`${magic}\n@\n+\n`, "latin1"));
		for (const unit of ["lines", "reads", "records"] as const) t.deepEqual(sizeNow(path, unit), UNKNOWN_SIZE, magic);
		t.is(sizeNow(path, "bytes").measuredBy, "stat");
		t.deepEqual(sizeNow(fileOf(t, gzipSync(readFileSync(path))), "lines"), UNKNOWN_SIZE);
	}
	t.deepEqual(sizeNow(fileOf(t, gzipSync(gzipSync(READ))), "lines"), UNKNOWN_SIZE);
});

test("a file beyond the budget is estimated from pieces all over it", (t) => {
	const budget = { plainBytes: MEBIBYTE, compressedBytes: 0 };
	const reads = 40_000;
	const { size, measuredBy } = measureInput(fileOf(t, variedReads(reads)), "reads", budget).size();
	t.is(measuredBy, "estimated");
	t.true(Math.abs((size ?? 0) - reads) < reads / 20, String(size));
	// A genome: its beginning holds one sequence, and its end many.
	const genome = `>chr1\n${"ACGT\n".repeat(BIG / 5)}${RECORD.repeat(BIG / RECORD.length)}`;
	const records = measureInput(fileOf(t, genome), "records", budget).size();
	const actual = 1 + Math.floor(BIG / RECORD.length);
	t.is(records.measuredBy, "estimated");
	t.true(Math.abs((records.size ?? 0) - actual) < actual / 5, String(records.size));
	t.deepEqual(measureInput(fileOf(t, "x".repeat(BIG)), "lines", budget).size(), UNKNOWN_SIZE);
});

test("a file of 100 GiB takes no longer than a small one", (t) => {
	const path = fileOf(t, READ);
	truncateSync(path, 100 * 1024 ** 3);
	const begun = process.cpuUsage();
	t.deepEqual(sizeNow(path, "lines"), UNKNOWN_SIZE);
	t.deepEqual(measureInput(path, "lines").size(), UNKNOWN_SIZE);
	const { user, system } = process.cpuUsage(begun);
	t.true(user + system < 1e6, `${user + system} us`);
});

test("what is missing, no file, or a pipe is unknown, and is not waited for", async (t) => {
	const folder = temporaryFolder(t);
	const pipe = join(folder, "pipe");
	t.is(spawnSync("mkfifo", [pipe]).status, 0);
	symlinkSync(pipe, join(folder, "link"));
	symlinkSync(join(folder, "loop"), join(folder, "loop"));
	for (const path of [
		join(folder, "none"),
		folder,
		pipe,
		join(folder, "link"),
		join(folder, "loop"),
		"/dev/null",
		"/dev/zero",
		"",
		"a\0b",
	]) {
		for (const unit of UNITS) {
			t.deepEqual(measureInput(path, unit).size(), UNKNOWN_SIZE, path);
			t.deepEqual(sizeNow(path, unit), UNKNOWN_SIZE, path);
			t.deepEqual(await finalSize(path, unit), UNKNOWN_SIZE, path);
		}
	}
});

asOrdinaryUser("a file that may not be read is unknown", (t) => {
	const path = fileOf(t, READ);
	chmodSync(path, 0);
	t.deepEqual(sizeNow(path, "reads"), UNKNOWN_SIZE);
});

test("a file behind a symbolic link is the input that it leads to", (t) => {
	const link = join(temporaryFolder(t), "link");
	symlinkSync(fileOf(t, "a\n"), link);
	t.deepEqual(sizeNow(link, "lines"), counted(1));
});

test("a file that is removed, or written on, while it is counted is the one that was opened", async (t) => {
	const path = fileOf(t, READ.repeat(BIG / 4));
	const measuring = measureInput(path, "reads");
	rmSync(path);
	t.deepEqual(await measuring.done, counted(BIG / 4));
	const growing = fileOf(t, READ.repeat(BIG / 4));
	const counting = measureInput(growing, "reads").done;
	appendFileSync(growing, READ);
	t.true(((await counting).size ?? 0) >= BIG / 4);
});

onLinux("no file stays open", async (t) => {
	const folder = temporaryFolder(t);
	const [text, packed, broken] = ["text", "packed", "broken"].map((name) => join(folder, name)) as [
		string,
		string,
		string,
	];
	writeFileSync(text, READ.repeat(BIG / 4));
	writeFileSync(packed, gzipSync(variedReads(3000)));
	writeFileSync(broken, readFileSync(packed).subarray(0, -10));
	const before = openSync(text, "r");
	for (const path of [text, packed, broken]) {
		for (const unit of UNITS) {
			sizeNow(path, unit);
			measureInput(path, unit, AT_ONCE);
			await finalSize(path, unit);
		}
	}
	const links = spawnSync("ls", ["-l", `/proc/${process.pid}/fd`], { encoding: "utf8" }).stdout;
	t.deepEqual(
		links.split("\n").filter((line) => line.includes(folder) && !line.includes(` ${before} ->`)),
		[],
	);
});

test("several sizes together: not known where one is not, an estimate where one is", (t) => {
	const [stat, estimate] = [{ size: 2, measuredBy: "stat" } as const, { size: 5, measuredBy: "estimated" } as const];
	t.deepEqual(sumOf([stat, stat]), { size: 4, measuredBy: "stat" });
	t.deepEqual(sumOf([counted(3), stat]), { size: 5, measuredBy: "counted" });
	t.deepEqual(sumOf([estimate, counted(3)]), { size: 8, measuredBy: "estimated" });
	t.deepEqual(sumOf([estimate, UNKNOWN_SIZE, counted(3)]), UNKNOWN_SIZE);
	t.deepEqual(sumOf([]), UNKNOWN_SIZE);
});

test("units are a closed set", (t) => {
	t.true(isUnit("reads"));
	t.false(isUnit("furlongs"));
	t.false(isUnit("constructor"));
});
