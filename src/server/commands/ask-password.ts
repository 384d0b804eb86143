/** A password from whoever sits at the terminal, unseen and twice; or, in a pipe, the first line of the input. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { hashPassword, weakness } from "../access/passwords.js";
import { CommandError, EXIT } from "./exit-codes.js";

/** The hash of a new password for a name. @throws CommandError for one that is too weak, or mistyped */
export async function askNewPassword(name: string): Promise<string> {
	const password = process.stdin.isTTY ? await askTwice(name) : firstLine(await text(process.stdin));
	const weak = weakness(password, name);
	if (weak !== undefined) throw new CommandError(EXIT.refused, `${weak} Nothing was changed.`);
	return hashPassword(password);
}

async function askTwice(name: string): Promise<string> {
	const password = await ask(`New password of ${name}: `);
	if ((await ask("The same again: ")) === password) return password;
	throw new CommandError(EXIT.refused, "The two passwords differ. Nothing was changed.");
}

/** What is typed is not shown: it is echoed to nowhere. */
function ask(question: string): Promise<string> {
	process.stderr.write(question);
	const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
	const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
	return new Promise((resolve, reject) => {
		lines.once("line", (line) => {
			lines.off("close", broken).close();
			process.stderr.write("\n");
			resolve(line);
		});
		const broken = () => {
			process.stderr.write("\n");
			reject(new CommandError(EXIT.refused, "No password was given. Nothing was changed."));
		};
		lines.once("close", broken).once("SIGINT", () => lines.close());
	});
}

function firstLine(given: string): string {
	return given.split(/\r?\n/, 1)[0] ?? "";
}
