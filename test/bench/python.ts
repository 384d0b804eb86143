/** What the Python client costs in a process: fresh processes that report a run, and fresh ones that write as durably. */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { makeFolders } from "../../src/spool/put.js";
import { randomSequence } from "../../tools/random.js";
import { checkoutFile, openStage } from "../../tools/stage.js";
import { testManifest } from "../helpers/manifest.js";
import { namesIn } from "../helpers/spool.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { shuffled } from "./statistics.js";

/** The most that a run may cost beside its two durable writes. */
const MOST_MS = 2;
const ROUNDS = 80;
const WARM_UP_ROUNDS = 3;
const REPORTS_OF_A_RUN = 2;

/** As an author's script uses it: from import to the run's end. Prints milliseconds. */
const REPORTING = `
import time
begun = time.perf_counter()
import et
imported = time.perf_counter()
run = et.start_run(et.beside(__file__), command="align", version="1.0", inputs={"pairs": 2500000})
started = time.perf_counter()
worked = time.perf_counter()
result = run.end(data={"duplexes": 1041337})
ended = time.perf_counter()
assert result.status == "queued", result
print("[%f, %f, %f]" % (imported - begun, started - imported, ended - worked))
`;

/** What has to be done to the disk for two reports to last, and nothing else. */
const FLOOR = `
import os, time
content = open(os.environ["BENCH_BYTES"], "rb").read()
spool = os.environ["ET_SPOOL"]
taken = []
for name in ("%d-%d.json" % (os.getpid(), serial) for serial in range(${REPORTS_OF_A_RUN})):
    begun = time.perf_counter()
    file = os.open(spool + "/tmp/" + name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(file, content)
    os.fsync(file)
    os.close(file)
    os.rename(spool + "/tmp/" + name, spool + "/new/" + name)
    folder = os.open(spool + "/new", os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    taken.append(time.perf_counter() - begun)
print("[%f]" % sum(taken))
`;

type Timed = (script: string) => number[];

function prepare(): { timed: Timed; reporting: string; floor: string; bytes: number } {
	const stage = openStage("bench");
	const manifest = testManifest();
	const source = JSON.stringify(manifest);
	writeFileSync(join(stage.folder, "et.json"), source);
	copyFileSync(checkoutFile("docs/clients/et.py"), join(stage.folder, "et.py"));
	const consent = new ConsentStore(join(stage.env["ET_CONFIG"] ?? "", "consent"));
	consent.write(grant(manifest, "granted", null, "bench", { now: new Date(), how: "bench", source }));
	makeFolders(stage.spool);
	const env = { ...stage.env, BENCH_BYTES: join(stage.folder, "bytes") };
	const timed: Timed = (script) => {
		const { status, stdout, stderr } = spawnSync("python3", [script], { env, encoding: "utf8" });
		if (status !== 0) throw new Error(`A script of the benchmark failed (${status}): ${stderr}`);
		return (JSON.parse(stdout) as number[]).map((seconds) => seconds * 1000);
	};
	const [reporting, floor] = [join(stage.folder, "reporting.py"), join(stage.folder, "floor.py")];
	writeFileSync(reporting, REPORTING);
	writeFileSync(floor, FLOOR);
	// The first process leaves the compiled file beside et.py, as an installed script finds it.
	timed(reporting);
	const report = readFileSync(join(stage.spool.new, namesIn(stage.spool.new).at(-1) ?? ""));
	writeFileSync(env.BENCH_BYTES, report);
	return { timed, reporting, floor, bytes: report.length };
}

function run(args: readonly string[], say: (line: string) => void): BenchResult {
	const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string" } } });
	const rounds = Number(values.rounds ?? ROUNDS);
	const { timed, reporting, floor, bytes } = prepare();
	const found = { [reporting]: [] as number[][], [floor]: [] as number[][] };
	const random = randomSequence(3);
	say(`${rounds} rounds of fresh processes`);
	for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
		for (const script of shuffled([reporting, floor], random)) {
			const taken = timed(script);
			if (round >= 0) found[script]?.push(taken);
		}
	}
	const part = (at: number): number[] => (found[reporting] ?? []).map((taken) => taken[at] ?? Number.NaN);
	const [imported, started, ended] = [part(0), part(1), part(2)];
	const floors = (found[floor] ?? []).map(([taken = Number.NaN]) => taken);
	const whole = imported.map((taken, round) => taken + (started[round] ?? 0) + (ended[round] ?? 0));
	const own = whole.map((taken, round) => taken - (floors[round] ?? 0));
	const series: Series[] = [
		{ name: "import et", values: imported },
		{ name: "start_run()", values: started },
		{ name: "end()", values: ended },
		{ name: "all three", values: whole },
		{ name: "floor: two durable writes", values: floors },
		{ name: "all three, less the floor of the round", values: own, most: MOST_MS },
	];
	return {
		sections: [{ title: "In fresh processes, interleaved", measured: series.map((each) => summarise(each, "ms")) }],
		notes: [
			`The floor is open O_EXCL, write, fsync, close, rename, open of the folder, fsync, close, of ${bytes} bytes, twice.`,
			"Medians; in brackets quartiles. et.py is compiled, as where its folder can be written or compileall ran.",
		],
	};
}

export const python: Benchmark = {
	about: "what the Python client costs in a process, over two raw durable writes",
	usage: "--rounds N",
	run: async (args, say) => run(args, say),
};
