/** `et size`: numbers that a script hands on, whatever the files are. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { et, grantedHome, inBash, reportsIn } from "../helpers/cli.js";
import { temporaryHome } from "../helpers/home.js";
import { temporaryFolder } from "../helpers/temporary.js";

const FASTQ = "@r\nACGT\n+\nIIII\n";
const READS = 2_000_000;

/** Four reads, as many gzip'd, and more than is counted unless that is asked for. */
function files(t: ExecutionContext): { few: string; packed: string; many: string } {
	const folder = temporaryFolder(t);
	const [few, packed, many] = ["few.fq", "packed.fq.gz", "many.fq"].map((name) => join(folder, name));
	if (few === undefined || packed === undefined || many === undefined) throw new Error("three were named");
	writeFileSync(few, FASTQ.repeat(4));
	writeFileSync(packed, gzipSync(FASTQ.repeat(4)));
	writeFileSync(many, FASTQ.repeat(READS));
	return { few, packed, many };
}

test("one number for all files, estimates marked, and counted where that is asked for", async (t) => {
	const home = temporaryHome(t);
	const { few, packed, many } = files(t);
	const said = async (...args: string[]) => (await et(t, home, ["size", ...args])).stdout;
	t.is(await said("--unit", "reads", few), "4\n");
	t.is(await said("--unit", "lines", few, packed), "32\n");
	t.is(await said("--unit", "bytes", few), "60\n");
	t.is(await said("--unit", "reads", many), `~${READS}\n`);
	t.is(await said("--unit", "reads", "--exact", many, packed), `${READS + 4}\n`);
	t.deepEqual(JSON.parse(await said("--unit", "reads", "--json", many, few)), {
		unit: "reads",
		size: 2e6 + 4,
		measured_by: "estimated",
		files: [
			{ size: READS, measured_by: "estimated" },
			{ size: 4, measured_by: "counted" },
		],
	});
	t.deepEqual(home.contents(), []);
});

test("what can't be known is unknown, with no failure and no other word", async (t) => {
	const home = temporaryHome(t);
	const { few } = files(t);
	for (const args of [["none.fq"], [few, "none.fq"], ["/"], ["/dev/stdin"], ["-"], ["--exact", "/dev/null"]]) {
		const result = await et(t, home, ["size", "--unit", "reads", ...args], { input: FASTQ });
		t.like(result, { code: 0, stdout: "unknown\n", stderr: "" }, args.join(" "));
	}
	const { stdout } = await et(t, home, ["size", "--unit", "reads", "--json", "none.fq"]);
	t.like(JSON.parse(stdout), { size: null, measured_by: null });
});

test("what it prints is what et enqueue takes", async (t) => {
	const home = grantedHome(t);
	const { few, many } = files(t);
	for (const file of [few, many, "none.fq"]) {
		const line = `et enqueue --manifest ${home.manifestPath} --input "pairs=$(et size --unit reads ${file})" --strict`;
		t.is((await inBash(t, home, line)).code, 0);
	}
	const pairs = { name: "pairs", unit: "reads" };
	t.deepEqual(
		reportsIn(home).flatMap(({ inputs }) => inputs),
		[
			{ ...pairs, size: 4 },
			{ ...pairs, size: READS, measured_by: "estimated" },
			{ ...pairs, size: null },
		],
	);
});

test("a unit that there is not, or no file, is a mistake of the caller's", async (t) => {
	const home = temporaryHome(t);
	for (const args of [["a.fq"], ["--unit", "furlongs", "a.fq"], ["--unit", "reads"]]) {
		const { code, stderr } = await et(t, home, ["size", ...args]);
		t.is(code, 2);
		t.regex(stderr, /^et: .*See: et size --help\n$/s);
	}
});
