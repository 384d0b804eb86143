/** What the processes run that `bench enqueue` starts. Each is a file of its own, as a user's script is. */
import { fileURLToPath, pathToFileURL } from "node:url";

/** The package as its users import it. */
const CLIENT = new URL("../../pkg/index.js", import.meta.url).href;

/** The report of a run as a script would make it. */
const REPORT = `{
	command: "align", version: "1.0", outcome: "ok", exitCode: 0, wallS: 12.5, cpuUserS: 11.2, cpuSystemS: 0.4,
	maxRssBytes: 123456789, inputs: { pairs: 2500000 }, data: { duplexes: 1041337 },
}`;

const IMPORT = `import { enqueue } from ${JSON.stringify(CLIENT)};`;
const options = (manifest: string): string => `{ manifest: ${JSON.stringify(manifest)} }`;
const call = (manifest: string): string => `enqueue(${REPORT}, ${options(manifest)})`;

/**
 * The floor: what has to be done to the disk for a report to last, and nothing else. The bytes are given; so are the
 * folders, which are there.
 */
const FLOOR = `
	import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
	const bytes = readFileSync(process.env.BENCH_BYTES);
	let serial = 0;
	function floor(spool) {
		const name = Date.now() + "-floor-" + process.pid + "-" + serial++ + ".json";
		const file = openSync(spool + "/tmp/" + name, "wx", 0o600);
		writeSync(file, bytes);
		fsyncSync(file);
		closeSync(file);
		renameSync(spool + "/tmp/" + name, spool + "/new/" + name);
		const folder = openSync(spool + "/new", "r");
		fsyncSync(folder);
		closeSync(folder);
	}
	const timed = (work) => {
		const begun = process.hrtime.bigint();
		const result = work();
		const nanoseconds = Number(process.hrtime.bigint() - begun);
		if (result !== undefined && result.status !== "queued") throw new Error(JSON.stringify(result));
		return nanoseconds / 1e6;
	};`;

/** Whole processes: nothing; the client imported; the client used. */
export const wholeScripts = (manifest: string): Record<"bare" | "imported" | "enqueued", string> => ({
	bare: "",
	imported: IMPORT,
	enqueued: `${IMPORT}\nif (${call(manifest)}.status !== "queued") process.exitCode = 1;`,
});

/** A fresh process that does both once, in the order that its argument gives, and prints milliseconds. */
export const firstScript = (manifest: string): string => `${IMPORT}${FLOOR}
	const spool = process.env.ET_SPOOL;
	const works = { enqueue: () => ${call(manifest)}, floor: () => floor(spool) };
	const found = {};
	for (const name of process.argv[2].split(",")) found[name] = timed(works[name]);
	console.log(JSON.stringify(found));`;

/**
 * One process that does both so often, each round in an order drawn by lot, in every spool that its arguments name
 * behind the number of rounds, and prints milliseconds by spool.
 */
export const laterScript = (manifest: string): string => `${IMPORT}${FLOOR}
	import { shuffled } from ${JSON.stringify(new URL("./statistics.js", import.meta.url).href)};
	import { randomSequence } from ${JSON.stringify(new URL("../../tools/random.js", import.meta.url).href)};
	const [rounds, warmUp, ...spools] = process.argv.slice(2);
	const random = randomSequence(2);
	const works = spools.flatMap((spool) => [
		{ spool, name: "enqueue", work: () => { process.env.ET_SPOOL = spool; return timed(() => ${call(manifest)}); } },
		{ spool, name: "floor", work: () => timed(() => floor(spool)) },
	]);
	const found = Object.fromEntries(spools.map((spool) => [spool, { enqueue: [], floor: [] }]));
	for (let round = -warmUp; round < rounds; round++) {
		for (const { spool, name, work } of shuffled(works, random)) {
			const milliseconds = work();
			if (round >= 0) found[spool][name].push(milliseconds);
		}
	}
	console.log(JSON.stringify(found));`;

/** The file of a script's own name beside the manifest. */
export function scriptPath(folder: string, name: string): string {
	return fileURLToPath(new URL(`${name}.mjs`, `${pathToFileURL(folder).href}/`));
}
