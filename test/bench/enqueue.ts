/** What a script pays: whole processes, the first call in a fresh one, later calls, and many reports pending. */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { spoolFolders } from "../../src/spool/layout.js";
import { makeFolders } from "../../src/spool/put.js";
import { randomSequence } from "../../tools/random.js";
import { openStage, type Stage } from "../../tools/stage.js";
import { testManifest } from "../helpers/manifest.js";
import { fillSpool, namesIn } from "../helpers/spool.js";
import { firstScript, laterScript, scriptPath, wholeScripts } from "./enqueue-scripts.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { shuffled } from "./statistics.js";

/** The most that each ratio should be. */
const BOUNDS = { whole: 1.08, first: 1.5, later: 1.3, pending: 1.15 } as const;
const PENDING = [0, 10_000, 100_000] as const;
const WARM_UP_ROUNDS = 20;
const ROUNDS = { whole: 80, first: 80, later: 300 } as const;
const NANOSECONDS = 1e6;

interface Setting extends Stage {
	manifest: string;
	/** Milliseconds of a whole process. */
	time(script: string): number;
	/** What a script prints, as JSON. */
	read<T>(script: string, args: readonly string[]): T;
	writeScript(name: string, text: string): string;
}

function prepare(): Setting {
	const stage = openStage("bench");
	const manifest = testManifest();
	const manifestPath = join(stage.folder, "et.json");
	const source = JSON.stringify(manifest);
	writeFileSync(manifestPath, source);
	const consent = new ConsentStore(join(stage.env["ET_CONFIG"] ?? "", "consent"));
	consent.write(grant(manifest, "granted", null, "bench", { now: new Date(), how: "bench", source }));
	makeFolders(stage.spool);
	// A script starts in its user's environment, which may make Node.js itself slower to start (NODE_EXTRA_CA_CERTS).
	const env = { ...process.env, ...stage.env, BENCH_BYTES: join(stage.folder, "bytes") };
	const run = (script: string, args: readonly string[]) => {
		const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { env, encoding: "utf8" });
		if (status !== 0) throw new Error(`A script of the benchmark failed (${status}): ${stderr}`);
		return stdout;
	};
	return {
		...stage,
		env,
		manifest: manifestPath,
		time: (script) => {
			const begun = process.hrtime.bigint();
			run(script, []);
			return Number(process.hrtime.bigint() - begun) / NANOSECONDS;
		},
		read: <T>(script: string, args: readonly string[]) => JSON.parse(run(script, args)) as T,
		writeScript: (name, text) => {
			const path = scriptPath(stage.folder, name);
			writeFileSync(path, text);
			return path;
		},
	};
}

/** Whole processes, in an order drawn by lot in each round. The first report's bytes become the floor's. */
function wholeProcesses({ writeScript, time, manifest, spool, env }: Setting, rounds: number): Series[] {
	const scripts = Object.entries(wholeScripts(manifest)).map(([name, text]) => ({
		name,
		path: writeScript(name, text),
		values: [] as number[],
	}));
	for (const { path } of scripts) time(path);
	const [first = ""] = namesIn(spool.new);
	writeFileSync(env["BENCH_BYTES"] ?? "", readFileSync(join(spool.new, first)));
	const random = randomSequence(1);
	for (let round = 0; round < rounds; round++) {
		for (const { path, values } of shuffled(scripts, random)) values.push(time(path));
	}
	const [bare, imported, enqueued] = scripts.map(({ values }) => values);
	const base: Series = { name: "bare node", values: bare ?? [] };
	return [
		base,
		{ name: "+ import", values: imported ?? [], against: { series: base, bound: null } },
		{ name: "+ import and enqueue", values: enqueued ?? [], against: { series: base, bound: BOUNDS.whole } },
	];
}

interface Both {
	enqueue: number;
	floor: number;
}

/** In fresh processes: each does both, and which comes first alternates. */
function firstCalls({ writeScript, read, manifest }: Setting, rounds: number): Series[] {
	const script = writeScript("first", firstScript(manifest));
	const leading: Both[] = [];
	const following: Both[] = [];
	for (let round = 0; round < rounds; round++) {
		const enqueueFirst = read<Both>(script, ["enqueue,floor"]);
		const floorFirst = read<Both>(script, ["floor,enqueue"]);
		leading.push({ enqueue: enqueueFirst.enqueue, floor: floorFirst.floor });
		following.push({ enqueue: floorFirst.enqueue, floor: enqueueFirst.floor });
	}
	const all = [...leading, ...following];
	const floor: Series = { name: "floor, in any order", values: all.map((both) => both.floor) };
	const coldFloor: Series = { name: "floor, first of its process", values: leading.map((both) => both.floor) };
	return [
		floor,
		{
			name: "first enqueue, in any order",
			values: all.map((both) => both.enqueue),
			// Half of these floors found a file system that enqueue had just warmed, so that this is bounded by nothing.
			against: { series: floor, bound: null },
		},
		coldFloor,
		{
			name: "first enqueue, first of its process",
			values: leading.map((both) => both.enqueue),
			against: { series: coldFloor, bound: BOUNDS.first },
		},
	];
}

/** In one process, rounds over spools in which so much waits. */
function laterCalls({ writeScript, read, manifest, folder }: Setting, rounds: number, say: (line: string) => void) {
	const spools = PENDING.map((count) => {
		const folders = spoolFolders(join(folder, `pending-${count}`));
		makeFolders(folders);
		if (count > 0) say(`filling a spool with ${count.toLocaleString("en")} reports`);
		fillSpool(folders, count);
		return folders.root;
	});
	if (process.platform !== "win32") execFileSync("sync");
	const script = writeScript("later", laterScript(manifest));
	say(`${rounds} rounds in one process`);
	return read<Record<string, { enqueue: number[]; floor: number[] }>>(script, [
		String(rounds),
		String(WARM_UP_ROUNDS),
		...spools,
	]);
}

function laterSeries(found: ReturnType<typeof laterCalls>): { later: Series[]; pending: Series[] } {
	const [none, ...filled] = Object.values(found).map((each, index) => ({ ...each, pending: PENDING[index] ?? 0 }));
	const floor: Series = { name: "floor", values: none?.floor ?? [] };
	const base: Series = { name: "enqueue, none pending", values: none?.enqueue ?? [] };
	const pending = filled.flatMap(({ pending: count, enqueue, floor: raw }): Series[] => {
		const rawSeries: Series = {
			name: `floor, ${count.toLocaleString("en")} pending`,
			values: raw,
			against: { series: floor, bound: null },
		};
		const name = `enqueue, ${count.toLocaleString("en")} pending`;
		return [rawSeries, { name, values: enqueue, against: { series: base, bound: BOUNDS.pending } }];
	});
	const later: Series = { name: "enqueue", values: base.values, against: { series: floor, bound: BOUNDS.later } };
	return { later: [floor, later], pending: [base, ...pending] };
}

function run(args: readonly string[], say: (line: string) => void): BenchResult {
	const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string" } } });
	const rounds = (what: keyof typeof ROUNDS): number => Number(values.rounds ?? ROUNDS[what]);
	const setting = prepare();
	say(`${rounds("whole")} rounds of whole processes`);
	const whole = wholeProcesses(setting, rounds("whole"));
	say(`${rounds("first")} rounds of fresh processes`);
	const first = firstCalls(setting, rounds("first"));
	const { later, pending } = laterSeries(laterCalls(setting, rounds("later"), say));
	const bytes = statSync(setting.env["BENCH_BYTES"] ?? "").size;
	const section = (title: string, series: Series[]) => ({
		title,
		measured: series.map((each) => summarise(each, "ms")),
	});
	return {
		sections: [
			section("Whole processes, interleaved", whole),
			section("The first call of a process", first),
			section("Later calls", later),
			section("With so many reports pending, interleaved", pending),
		],
		notes: [
			`The floor is open O_EXCL, write, fsync, close, rename, open of the folder, fsync, close, of the ${bytes} bytes that enqueue writes.`,
			"Medians; in brackets quartiles, and behind ratios the 95 % interval of a bootstrap over rounds.",
		],
	};
}

export const enqueue: Benchmark = {
	about: "what a script pays for import and enqueue, over bare node and over a raw durable write",
	usage: "--rounds N",
	run: async (args, say) => run(args, say),
};
