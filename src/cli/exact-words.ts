/**
 * Command lines whose bytes are no UTF-8: a file's name in Latin-1, say. Node.js turns such bytes into
 * U+FFFD and would start the command with names of files that there are not. So a shell is told the
 * bytes, in octal, and becomes the command.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

/** What Node.js makes of a byte that is no UTF-8; a word without it is as it was given. */
const REPLACEMENT = "\ufffd";
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A file of words that end with a zero byte, as in /proc. */
function wordsIn(path: string): Buffer[] {
	const bytes = readFileSync(path);
	const words: Buffer[] = [];
	for (let start = 0, end = bytes.indexOf(0); end !== -1; start = end + 1, end = bytes.indexOf(0, start)) {
		words.push(bytes.subarray(start, end));
	}
	return words;
}

/** `NAME=value; NAME=${NAME%x}`: what ends with line ends would lose them without the x. */
function assignment(name: string, bytes: Uint8Array): string {
	const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
	return `${name}=$(printf '${octal}x'); ${name}=\${${name}%x}`;
}

/** A shell's command line that becomes the command: only what is no UTF-8 is written out. Pure. */
function exactly(words: readonly Buffer[], environment: readonly Buffer[]): string[] {
	const lines: string[] = [];
	const references = words.map((word, index) => {
		if (isUtf8(word)) return `"\${${index + 1}}"`;
		lines.push(assignment(`et_${index}`, word));
		return `"$et_${index}"`;
	});
	for (const entry of environment) {
		const equals = entry.indexOf("=");
		const name = entry.toString("latin1", 0, equals);
		if (isUtf8(entry) || !NAME.test(name)) continue;
		lines.push(assignment(name, entry.subarray(equals + 1)), `export ${name}`);
	}
	lines.push(`exec ${references.join(" ")}`);
	return ["sh", "-c", lines.join("\n"), "et", ...words.map((word) => (isUtf8(word) ? word.toString("utf8") : ""))];
}

/** The command as this process was given it, byte for byte; where /proc does not tell, as Node.js has it. */
export function exactWords(command: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
	const isWhole = (text: string | undefined): boolean => text === undefined || !text.includes(REPLACEMENT);
	if (command.every(isWhole) && Object.values(env).every(isWhole)) return command;
	try {
		return exactly(wordsIn("/proc/self/cmdline").slice(-command.length), wordsIn("/proc/self/environ"));
	} catch {
		return command;
	}
}
