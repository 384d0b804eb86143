/**
 * Runs a test command, passes on what it prints, and ends with one plain line: `N passed, N failed`.
 *
 *     node tools/tally.mjs npm test
 *
 * The counts are AVA's own. AVA leaves out the passed tests as soon as one fails; then its ticks are counted. A
 * command that fails without a failure of its own (a crashed test file) counts as one.
 */
import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

const TICK = /^\s*✔ /gm;
const PASSED = /^\s*(\d+) tests? passed/gm;
const FAILED =
	/^\s*(\d+) (?:(?:tests?|hooks?) failed|unhandled rejections?|uncaught exceptions?|tests? remained pending)/gm;

function sum(text, pattern) {
	return [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
}

/** @returns the counts in what AVA printed, for a command that ended with `code` */
function tally(text, code) {
	const passed = sum(text, PASSED) || (text.match(TICK)?.length ?? 0);
	const failed = sum(text, FAILED);
	return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error("usage: node tools/tally.mjs COMMAND [ARGUMENT...]");

const child = spawn(command, args, { stdio: ["inherit", "pipe", "inherit"], shell: process.platform === "win32" });
let text = "";
child.stdout.setEncoding("utf8").on("data", (chunk) => {
	text += chunk;
	process.stdout.write(chunk);
});
child.on("error", (error) => {
	console.error(`tally: ${command} did not start: ${error.message}`);
	process.exitCode = 1;
});
child.on("close", (code) => {
	const { passed, failed } = tally(stripVTControlCharacters(text), code);
	console.log(`${passed} passed, ${failed} failed`);
	// A run of no tests proves nothing.
	process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
});
