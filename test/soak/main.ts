/**
 * `npm run soak [-- --scale 0.05] [--only NAME] [--write]`: attacks the whole as often as
 * docs/reliability.md says, measures what folding saves, and rewrites that page's tables where all
 * was carried out at full scale. Ends with 1 if a report was lost, is there twice, or does not arrive.
 */
import { parseArgs } from "node:util";
import { ATTACKS, type Attack } from "./attacks.js";
import { measureFolding } from "./folding.js";
import type { Toll } from "./kills.js";
import { foldingText, isHarmless, tableText, writeInto } from "./table.js";
import { World } from "./world.js";

const USAGE_EXIT_CODE = 2;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** Beside the attacks: what is measured. */
const FOLDING = "folding";
/** An array of 10,000 tasks, each of which reports its start and its end. */
const FOLDED_REPORTS = 20_000;

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
		const isKnown = values.only === undefined || values.only === FOLDING || Object.hasOwn(ATTACKS, values.only);
		if (!(scale > 0) || !isKnown) return null;
		return { scale, only: values.only, write: values.write ?? (scale === 1 && values.only === undefined) };
	} catch {
		return null;
	}
}

const INTERRUPTED_EXIT_CODE = 130;

/** A world of its own for some work; none is left behind, also where it is interrupted. */
async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
	const world = await World.create();
	const interrupted = (): void => void world.close().finally(() => process.exit(INTERRUPTED_EXIT_CODE));
	for (const signal of SIGNALS) process.once(signal, interrupted);
	try {
		return await work(world);
	} finally {
		for (const signal of SIGNALS) process.off(signal, interrupted);
		await world.close();
	}
}

/** Null where this user can't do it. */
async function carryOut(name: string, attack: Attack, scale: number): Promise<Toll | null> {
	if (attack.isPossible?.() === false) {
		process.stderr.write(`${name}: left out, since it can't be done here (it takes root, or PostgreSQL)\n`);
		return null;
	}
	const times = Math.max(1, Math.round(attack.times * scale));
	process.stderr.write(`${name}: ${times} times ...\n`);
	const toll = await inWorld((world) => attack.run(world, times));
	process.stderr.write(`${JSON.stringify(toll)}\n`);
	return toll;
}

async function attackAll({ scale, only, write }: Wanted): Promise<boolean> {
	const tolls: Toll[] = [];
	for (const [name, attack] of Object.entries(ATTACKS)) {
		const toll = only === undefined || only === name ? await carryOut(name, attack, scale) : null;
		if (toll !== null) tolls.push(toll);
	}
	process.stdout.write(`${tableText(tolls)}\n`);
	if (write) writeInto("attacks", tableText(tolls));
	return tolls.every(isHarmless);
}

async function showFolding({ scale, write }: Wanted): Promise<void> {
	const reports = Math.round(FOLDED_REPORTS * scale);
	process.stderr.write(`${FOLDING}: ${reports} reports ...\n`);
	const text = foldingText(await inWorld((world) => measureFolding(world, reports)));
	process.stdout.write(`${text}\n`);
	if (write) writeInto("folding", text);
}

async function main(args: readonly string[]): Promise<number> {
	const asked = wanted(args);
	if (asked === null) {
		const names = [...Object.keys(ATTACKS), FOLDING].join(", ");
		process.stderr.write(`Usage: npm run soak -- [--scale 0.05] [--only NAME] [--write]\nNames: ${names}\n`);
		return USAGE_EXIT_CODE;
	}
	if (asked.only === undefined || asked.only === FOLDING) await showFolding(asked);
	return asked.only === FOLDING || (await attackAll(asked)) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
