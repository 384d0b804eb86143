/** Runs under way in processes of their own, and their markers. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { POLICY } from "../../daemon/policy.js";
import { reportVanished, type VanishedOptions } from "../../daemon/vanished.js";
import { hostName } from "../../src/host/identity.js";
import { machineId, placeHere } from "../../src/host/process-life.js";
import { hostHash, machineHash } from "../../src/spool/layout.js";
import type { Marker } from "../../src/spool/open-runs.js";
import type { Home } from "./home.js";
import { moduleUrl } from "./modules.js";
import { namesIn } from "./spool.js";

export interface RunUnderWay {
	child: ChildProcess;
	/** Resolves once it is gone. */
	kill: (signal?: NodeJS.Signals) => Promise<void>;
}

/** A script with a run that goes on until it is killed. */
export const scriptUnderWay = (home: Home): string => `
	import { startRun } from ${JSON.stringify(moduleUrl("pkg/index.js"))};
	const run = startRun({ manifest: ${JSON.stringify(home.manifestPath)}, command: "align", inputs: { pairs: 8 } });
	console.log("up");
	setInterval(() => {}, 1000);`;

/**
 * Starts a program that says when it is up; it is killed if the test ends first.
 *
 * @param command by default a script with a run
 */
export async function underWay(
	t: ExecutionContext,
	home: Home,
	command: readonly string[] = [process.execPath, "--input-type=module", "--eval", scriptUnderWay(home)],
): Promise<RunUnderWay> {
	const [program = "", ...args] = command;
	const child = spawn(program, args, { env: home.env, stdio: ["ignore", "pipe", "inherit"] });
	const closed = once(child, "close");
	const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
		child.kill(signal);
		await closed;
	};
	t.teardown(() => kill());
	await Promise.race([once(child.stdout, "data"), closed]);
	return { child, kill };
}

/** The one marker of a spool. */
export function onlyMarker(home: Home): { path: string; marker: Marker } {
	const [name = "", ...others] = namesIn(home.spool.open);
	if (name === "" || others.length > 0)
		throw new Error(`there is not one marker, but: ${[name, ...others].join(", ")}`);
	const path = join(home.spool.open, name);
	return { path, marker: JSON.parse(readFileSync(path, "utf8")) as Marker };
}

/** Writes the one marker anew. */
export function changeMarker(home: Home, changes: Partial<Marker>): void {
	const { path, marker } = onlyMarker(home);
	writeFileSync(path, `${JSON.stringify({ ...marker, ...changes })}\n`);
}

/** This machine, as markers name it. */
export const HERE = placeHere(hostHash(hostName()), machineHash(machineId()));

let drawn = 0;

/** One look of an uploader at the markers. @returns how many runs it reports as vanished */
export function look(home: Home, changes: Partial<VanishedOptions> = {}): Promise<number> {
	const random = () => String(++drawn).padStart(8, "0");
	const chance = { nowMs: Date.now(), random };
	return reportVanished({ folders: home.spool, here: HERE, policy: POLICY, chance, clockIsSteady: true, ...changes });
}
