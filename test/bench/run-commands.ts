/** Real commands whose use is measured: most are short, and differ in how they use processes and threads. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { randomSequence } from "../../tools/random.js";

export interface Command {
	name: string;
	words: readonly string[];
	/** Whether it is one process, whose peak both instruments see, or a tree of them. */
	isTree: boolean;
}

const LINES_AT_ONCE = 10_000;
const LETTERS = "ACGT";
const LINE_LENGTH = 60;

/** Lines of letters that no program can guess: `lines` times 61 bytes. */
function writeLines(path: string, lines: number): void {
	const random = randomSequence(7);
	const file = openSync(path, "w");
	const line = () => Array.from({ length: LINE_LENGTH }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join("");
	for (let left = lines; left > 0; left -= LINES_AT_ONCE) {
		const count = Math.min(left, LINES_AT_ONCE);
		writeSync(file, `${Array.from({ length: count }, line).join("\n")}\n`);
	}
	closeSync(file);
}

/** Holds 128 MiB for 100 ms, and then does something else with less. */
const PYTHON = `
import time
held = bytearray(128 << 20)
held[::4096] = b"x" * (len(held) // 4096)
time.sleep(0.1)
del held
print(sum(number * number for number in range(3_000_000)))
`;

const PIECE_LINES = 4000;

/** Recipes that take a moment each: make starts a shell, and that a few programs. */
function makefile(file: string, recipes: number): string {
	const targets = Array.from({ length: recipes }, (_, index) => `piece${index}`);
	const recipe = `\t@tail -n +$(subst piece,,$@)001 ${file} | head -n ${PIECE_LINES} | gzip -1 | gzip -dc | sort | wc -l >/dev/null\n`;
	return `all: ${targets.join(" ")}\n${targets.join(" ")}:\n${recipe}.PHONY: all ${targets.join(" ")}\n`;
}

export interface Size {
	lines: number;
	/** Of the make tree. */
	recipes: number;
}

/** @param folder where their inputs are written; they write nothing themselves */
export function commands(folder: string, { lines, recipes }: Size): Command[] {
	const file = join(folder, "lines");
	const rules = join(folder, "Makefile");
	writeLines(file, lines);
	writeFileSync(rules, makefile(file, recipes));
	const quiet = (line: string): string[] => ["sh", "-c", `exec ${line} >/dev/null`];
	return [
		{ name: "gzip", words: quiet(`gzip -c ${file}`), isTree: false },
		{ name: "sort --parallel=2", words: quiet(`sort --parallel=2 -S 64M ${file}`), isTree: false },
		{ name: "xz -T2", words: quiet(`xz -T2 -1 --block-size=4MiB -c ${file}`), isTree: false },
		{ name: "python3", words: ["python3", "-c", PYTHON], isTree: false },
		{ name: "make -j2", words: quiet(`make -s -j2 -f ${rules}`), isTree: true },
	];
}

/** Commands that go on for so long. */
export function longCommands(folder: string, seconds: number): Command[] {
	const rules = join(folder, "Makefile");
	return [
		{ name: "waiting", words: ["sleep", String(seconds)], isTree: false },
		{
			name: "computing, in one process",
			words: ["timeout", String(seconds), "python3", "-c", "while True: pass"],
			isTree: true,
		},
		{
			name: "starting short children",
			words: ["timeout", String(seconds), "sh", "-c", `while :; do make -s -j2 -f ${rules}; done 2>/dev/null`],
			isTree: true,
		},
	];
}
