/** The commands, in the order in which help lists them; each is loaded when it is called. */
import type { CommandModule } from "../command.js";

export const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
	run: () => import("./run.js"),
	enqueue: () => import("./enqueue.js"),
	"run-key": () => import("./run-key.js"),
	size: () => import("./size.js"),
	explain: () => import("./explain.js"),
	consent: () => import("./consent.js"),
	pending: () => import("./pending.js"),
	show: () => import("./show.js"),
	review: () => import("./review.js"),
	hold: () => import("./hold.js"),
	release: () => import("./release.js"),
	approve: () => import("./approve.js"),
	redact: () => import("./redact.js"),
	drop: () => import("./drop.js"),
	sent: () => import("./sent.js"),
	view: () => import("./view.js"),
	forget: () => import("./forget.js"),
	purge: () => import("./purge.js"),
	status: () => import("./status.js"),
	export: () => import("./export.js"),
	import: () => import("./import.js"),
	check: () => import("./check.js"),
	doctor: () => import("./doctor.js"),
};
