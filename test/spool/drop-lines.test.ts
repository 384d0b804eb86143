/** Lines are taken out of files that their writers may be at, and no line that stays is lost. */
import test from "ava";
import { dropLines, LineFile, lineFiles, pruneLines, readLines } from "../../src/spool/line-file.js";
import { runProgram } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { temporaryFolder } from "../helpers/temporary.js";

interface Line {
	n: number;
}

const numbers = (folder: string): number[] =>
	[...new Set([...readLines<Line>(folder)].map(({ n }) => n))].sort((one, other) => one - other);

test("only what is to go goes, and a file without it is left alone", (t) => {
	const folder = temporaryFolder(t);
	const [one, other] = [new LineFile(folder, "a"), new LineFile(folder, "b")];
	one.append([{ n: 1 }, { n: 2 }]);
	other.append([{ n: 3 }]);
	t.is(
		dropLines<Line>(folder, "c", ({ n }) => n === 2),
		1,
	);
	t.deepEqual(numbers(folder), [1, 3]);
	t.deepEqual(lineFiles(folder), ["b-0000.jsonl", "c-0000.jsonl"]);
	t.is(
		dropLines<Line>(folder, "d", ({ n }) => n === 2),
		0,
	);
	one.close();
	other.close();
});

test("what is left stays in files of a few megabytes: a bound that takes the oldest does not take all", (t) => {
	const folder = temporaryFolder(t);
	const padding = "x".repeat(1024 * 1024);
	for (let file = 0; file < 3; file++) {
		const each = new LineFile(folder, `a${file}`);
		each.append(Array.from({ length: 5 }, (_, line) => ({ n: 10 * file + line, padding })));
		each.close();
	}
	t.is(
		dropLines<Line>(folder, "b", ({ n }) => n % 10 === 4),
		3,
	);
	pruneLines(folder, 9 * 1024 * 1024);
	t.deepEqual(numbers(folder), [10, 11, 12, 13, 20, 21, 22, 23]);
});

test("a writer whose file went writes on in another, and nothing of it is lost", (t) => {
	const folder = temporaryFolder(t);
	const file = new LineFile(folder, "a");
	file.append([{ n: 1 }]);
	dropLines<Line>(folder, "b", () => true);
	t.deepEqual(lineFiles(folder), []);
	file.append([{ n: 2 }]);
	file.append([{ n: 3 }], false);
	file.close();
	t.deepEqual(numbers(folder), [2, 3]);
});

const WRITER = `
import { LineFile } from "${moduleUrl("src/spool/line-file.js")}";
const file = new LineFile(process.argv[1], "writer");
for (let n = 0; n < 20000; n++) file.append([{ n }], false);
file.close();
`;

test("another process writes while lines are taken out: each that stays is there", async (t) => {
	const folder = temporaryFolder(t);
	let isWriting = true;
	const writer = runProgram(t, process.execPath, ["--input-type=module", "--eval", WRITER, folder]).finally(() => {
		isWriting = false;
	});
	let gone = 0;
	for (let turn = 0; isWriting; turn++) {
		gone += dropLines<Line>(folder, `keeper-${turn}`, ({ n }) => n % 2 === 1);
		await new Promise((resolve) => setImmediate(resolve));
	}
	t.is((await writer).code, 0);
	dropLines<Line>(folder, "last", ({ n }) => n % 2 === 1);
	t.true(gone > 0);
	t.deepEqual(
		numbers(folder),
		Array.from({ length: 10_000 }, (_, index) => 2 * index),
	);
});
