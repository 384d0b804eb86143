/** The commands, in the order in which help lists them; each is loaded when it is called. */
import type { CommandModule } from "../command.js";

export const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
	run: () => import("./run.js"),
	pending: () => import("./pending.js"),
	show: () => import("./show.js"),
	consent: () => import("./consent.js"),
	status: () => import("./status.js"),
	export: () => import("./export.js"),
	import: () => import("./import.js"),
};
