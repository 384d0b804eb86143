/**
 * `npm run soak [-- --scale 0.05] [--only NAME] [--write]`: attacks the whole as often as
 * docs/reliability.md says, and rewrites its table where all were carried out at full scale.
 * Ends with 1 if a report was lost, or is there twice.
 */
import { parseArgs } from "node:util";
import { ATTACKS, type Attack } from "./attacks.js";
import type { Toll } from "./kills.js";
import { isHarmless, tableText, writeTable } from "./table.js";
import { World } from "./world.js";

const USAGE_EXIT_CODE = 2;

interface Wanted {
	scale: number;
	only: string | undefined;
	write: boolean;
}

/** Null where the command line is wrong. */
function wanted(args: readonly string[]): Wanted | null {
	try {
		const { values } = parseArgs({
			args: [...args],
			options: { scale: { type: "string" }, only: { type: "string" }, write: { type: "boolean" } },
		});
		const scale = Number(values.scale ?? 1);
		const isKnown = values.only === undefined || Object.hasOwn(ATTACKS, values.only);
		if (!(scale > 0) || !isKnown) return null;
		return { scale, only: values.only, write: values.write ?? (scale === 1 && values.only === undefined) };
	} catch {
		return null;
	}
}

async function carryOut(name: string, attack: Attack, times: number): Promise<Toll> {
	process.stderr.write(`${name}: ${times} times ...\n`);
	const world = await World.create();
	try {
		return await attack.run(world, times);
	} finally {
		await world.close();
	}
}

async function main(args: readonly string[]): Promise<number> {
	const asked = wanted(args);
	if (asked === null) {
		const names = Object.keys(ATTACKS).join(", ");
		process.stderr.write(`Usage: npm run soak -- [--scale 0.05] [--only NAME] [--write]\nNames: ${names}\n`);
		return USAGE_EXIT_CODE;
	}
	const tolls: Toll[] = [];
	for (const [name, attack] of Object.entries(ATTACKS)) {
		if (asked.only !== undefined && asked.only !== name) continue;
		if (attack.isPossible?.() === false) {
			process.stderr.write(`${name}: left out, since this user can't do it here (it takes root)\n`);
			continue;
		}
		tolls.push(await carryOut(name, attack, Math.max(1, Math.round(attack.times * asked.scale))));
	}
	process.stdout.write(`${tableText(tolls)}\n`);
	if (asked.write) writeTable(tolls);
	return tolls.every(isHarmless) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
