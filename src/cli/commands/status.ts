/** `et status`: what the uploader does and how endpoints fare. The uploader knows, and is asked. */
import { uploaderPath } from "../../client/uploader-path.js";
import { EtError } from "../../errors.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";

const options = {
	json: { help: "as JSON" },
} as const;

export const spec = {
	name: "status",
	summary: "say whether an uploader runs, what waits, what was dropped, and how endpoints fare",
	usage: ["[--json]"],
	details: [
		"The same as et-uploader status: the uploader's own memory and CPU time where one runs, the number of reports that wait, those that were refused, set aside or dropped, each by its reason, and for each endpoint when it was last served, what went wrong, and when it is tried again.",
	],
	options,
	examples: [["et status", "how things stand"]],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

/** @throws EtError `ET_SPOOL_UNAVAILABLE` where the package has no uploader */
export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	const program = uploaderPath();
	if (program === null) {
		throw new EtError(
			"ET_SPOOL_UNAVAILABLE",
			"The uploader is not beside this program, so there is nothing to ask. What waits stays there. Install et-phone-home anew.",
		);
	}
	const words = [program, "status", ...(given.json ? ["--json"] : [])];
	const { spawnSync } = process.getBuiltinModule("node:child_process");
	const { status } = spawnSync(process.execPath, words, { stdio: "inherit", env: context.client.env });
	return status ?? EXIT_CODES.failed;
}
