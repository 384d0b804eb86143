/** Reads of BAM files: by the index beside them, else by going from one alignment to the next. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { BamCounter } from "../../../src/host/input-size/bam.js";
import { countInIndex } from "../../../src/host/input-size/bam-index.js";
import { measureInput, NO_BUDGET, sizeNow } from "../../../src/host/input-size/measure.js";
import { UNKNOWN_SIZE } from "../../../src/host/input-size/size.js";
import { withSamtools } from "../../helpers/needs.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const int = (value: number): Buffer => {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32LE(value);
	return bytes;
};
const long = (value: number): Buffer => {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(BigInt(value));
	return bytes;
};

const block = (content: Buffer): Buffer => Buffer.concat([int(content.length), content]);
const reference = (name: string): Buffer => Buffer.concat([block(Buffer.from(`${name}\0`)), int(1000)]);

/** An inflated BAM file of two references; what stands in alignments beyond their length is not looked at. */
function bamContent(alignments: number): Buffer {
	const header = [Buffer.from("BAM\x01"), block(Buffer.from("@HD\tVN:1.6\n")), int(2), reference("a"), reference("bb")];
	const each = Array.from({ length: alignments }, (_, index) => block(Buffer.alloc(32 + (index % 7))));
	return Buffer.concat([...header, ...each]);
}

const bin = (number: number, ...values: number[]): Buffer =>
	Buffer.concat([int(number), int(values.length / 2), ...values.map(long)]);

/** As samtools writes it: a bin of chunks and the one of counts, then a window; a reference without reads; the rest. */
const INDEX = Buffer.concat([
	...[Buffer.from("BAI\x01"), int(2)],
	...[int(2), bin(4681, 1, 2), bin(37450, 1, 2, 70, 5), int(1), long(9)],
	...[int(0), int(0)],
	long(25),
]);

test("the alignments of a BAM file are counted, whatever pieces it comes in", (t) => {
	for (const alignments of [0, 1, 100]) {
		for (const width of [1, 3, 1000, 1e6]) {
			const [content, counter] = [bamContent(alignments), new BamCounter()];
			for (let at = 0; at < content.length; at += width) counter.add(content.subarray(at, at + width));
			t.is(counter.count(), alignments);
		}
	}
});

test("a BAM file that breaks off, or holds an impossible length, has no count", (t) => {
	const whole = bamContent(3);
	for (const content of [
		whole.subarray(0, -1),
		whole.subarray(0, 30),
		Buffer.concat([whole, int(31)]),
		Buffer.concat([whole, int(-1)]),
	]) {
		const counter = new BamCounter();
		counter.add(content);
		t.is(counter.count(), null);
	}
});

test("an index tells how many alignments there are: those of each reference, and those without a place", (t) => {
	t.is(countInIndex(INDEX), 100);
	t.is(countInIndex(INDEX.subarray(0, -8)), 75);
	t.is(countInIndex(Buffer.concat([Buffer.from("BAI\x01"), int(1), int(1), bin(4681, 1, 2), int(0)])), null);
	t.is(countInIndex(Buffer.from("no index")), null);
	for (let length = 8; length < INDEX.length - 8; length++)
		t.throws(() => countInIndex(INDEX.subarray(0, length)), { instanceOf: RangeError }, String(length));
});

test("an index is believed where it lies beside the file and is not older; what it can't tell is counted", async (t) => {
	const folder = temporaryFolder(t);
	const [bam, index] = [join(folder, "a.bam"), join(folder, "a.bam.bai")];
	writeFileSync(bam, gzipSync(bamContent(3)));
	const counted = { size: 3, measuredBy: "counted" } as const;
	t.deepEqual(sizeNow(bam, "reads"), counted);
	for (const path of [index, join(folder, "a.bai"), join(folder, "a.bam.csi")]) {
		writeFileSync(path, INDEX);
		t.deepEqual(sizeNow(bam, "reads"), { size: 100, measuredBy: "index" }, path);
		t.deepEqual(await measureInput(bam, "reads").done, { size: 100, measuredBy: "index" });
		utimesSync(path, 1e9, 1e9);
		t.deepEqual(sizeNow(bam, "reads"), counted);
		writeFileSync(path, INDEX.subarray(0, 50));
		t.deepEqual(sizeNow(bam, "reads"), counted);
		rmSync(path);
	}
	for (const unit of ["lines", "records"] as const) t.deepEqual(sizeNow(bam, unit), UNKNOWN_SIZE);
});

const READ_LENGTH = 60;

/** Reads as SAM, of which one in ten has no place, and one in ten is told twice. */
function samText(reads: number): string {
	let state = 1;
	const base = (): string => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return "ACGT"[state >>> 30] ?? "N";
	};
	const lines = Array.from({ length: reads }, (_, index) => {
		const flag = index % 10 === 0 ? 4 : index % 10 === 1 ? 256 : 0;
		const place = flag === 4 ? "*\t0\t0\t*" : `${index % 2 ? "a" : "b"}\t${1 + (index % 900)}\t60\t${READ_LENGTH}M`;
		return `r${index}\t${flag}\t${place}\t*\t0\t0\t${Array.from({ length: READ_LENGTH }, base).join("")}\t*`;
	});
	return ["@HD\tVN:1.6", "@SQ\tSN:a\tLN:1000", "@SQ\tSN:b\tLN:1000", "@SQ\tSN:c\tLN:1000", ...lines, ""].join("\n");
}

withSamtools(
	"samtools counts the same, with an index of either kind and without one, and its cut-off files are unknown",
	async (t) => {
		const folder = temporaryFolder(t);
		const [sam, bam] = [join(folder, "in.sam"), join(folder, "in.bam")];
		const reads = 30_000;
		writeFileSync(sam, samText(reads));
		const samtools = (...args: string[]) =>
			execFileSync("samtools", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
		samtools("sort", "-o", bam, sam);
		t.is(Number(samtools("view", "-c", bam)), reads);
		t.deepEqual(await measureInput(bam, "reads", NO_BUDGET).done, { size: reads, measuredBy: "counted" });
		for (const kind of ["-b", "-c"]) {
			samtools("index", kind, bam);
			const columns = samtools("idxstats", bam)
				.trim()
				.split("\n")
				.map((line) => line.split("\t").slice(2).map(Number));
			t.is(
				columns.flat().reduce((sum, each) => sum + each, 0),
				reads,
			);
			t.deepEqual(sizeNow(bam, "reads"), { size: reads, measuredBy: "index" });
			rmSync(`${bam}.${kind === "-b" ? "bai" : "csi"}`);
		}
		samtools("sort", "--write-index", "-o", `${bam}##idx##${bam}.bai`, sam);
		t.deepEqual(sizeNow(bam, "reads"), { size: reads, measuredBy: "index" });
		rmSync(`${bam}.bai`);
		const { size, measuredBy } = sizeNow(bam, "reads");
		t.is(measuredBy, "estimated");
		t.true(Math.abs((size ?? 0) - reads) < reads / 5, String(size));
		truncateSync(bam, Math.floor(readFileSync(bam).length / 2));
		t.deepEqual(await measureInput(bam, "reads", NO_BUDGET).done, UNKNOWN_SIZE);
	},
);
