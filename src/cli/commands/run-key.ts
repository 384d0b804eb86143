/** `et run-key`: what the reports of one run share, where several processes send them. */
import { ERASE_KEY_BYTES, eraseKey } from "../../report/ids.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";

const options = {} as const;

export const spec = {
	name: "run-key",
	summary: "print a fresh key for the reports of one run",
	usage: [""],
	details: [
		"32 random hexadecimal digits. A script that sends several reports of one run with et enqueue gives each the same --run-key. The run's public name is made from it and does not tell it; the key stays in the spool, and whoever has it can have the run erased.",
		"The same without et: od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'",
	],
	options,
	examples: [["key=$(et run-key)", "once, at the script's start"]],
	exitCodes: ["ok", "usage"],
} as const satisfies CommandSpec<typeof options>;

export function run(context: CliContext, argv: readonly string[]): number {
	const { positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	context.out.line(eraseKey(context.client.random(ERASE_KEY_BYTES)));
	return EXIT_CODES.ok;
}
