/** Whether a script feels its author's server: whole processes with the server fast, slow, silent and down. */

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { makeFolders } from "../../src/spool/put.js";
import { randomSequence } from "../../tools/random.js";
import { openStage, type Stage } from "../../tools/stage.js";
import { testManifest } from "../helpers/manifest.js";
import { scriptPath, wholeScripts } from "./enqueue-scripts.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { shuffled } from "./statistics.js";

const ROUNDS = 60;
const SLOW_MS = 2000;
const NANOSECONDS = 1e6;
/** Either way; nothing of a script's time may depend on the server. */
const BOUND = 1.05;

const answer: RequestListener = (_request, response) => response.end("{}");

const listen = (server: Server): Promise<string> =>
	new Promise((resolve) => {
		server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
	});

/** The four servers' addresses; at the last nobody listens. */
async function openServers(): Promise<{ urls: Record<string, string>; close: () => void }> {
	const fast = createServer(answer);
	const slow = createServer((request, response) => setTimeout(() => answer(request, response), SLOW_MS));
	const silent = createServer(() => {});
	const down = createServer(answer);
	const servers = [fast, slow, silent, down];
	const [fastUrl = "", slowUrl = "", silentUrl = "", downUrl = ""] = await Promise.all(servers.map(listen));
	await new Promise((resolve) => down.close(resolve));
	const close = (): void => {
		for (const server of servers) server.closeAllConnections();
		for (const server of [fast, slow, silent]) server.close();
	};
	return { urls: { fast: fastUrl, "2 s slow": slowUrl, silent: silentUrl, down: downUrl }, close };
}

/** A script that reports to an endpoint, with consent. */
function scriptFor({ folder, env }: Stage, name: string, endpoint: string): string {
	const project = `to-${name.replaceAll(" ", "-")}`;
	const manifest = testManifest({ project, endpoint });
	const manifestPath = join(folder, `${project}.json`);
	writeFileSync(manifestPath, JSON.stringify(manifest));
	const record = grant(manifest, "granted", null, project, { now: new Date(), how: "bench" });
	new ConsentStore(join(env["ET_CONFIG"] ?? "", "consent")).write(record);
	const path = scriptPath(folder, project);
	writeFileSync(path, wholeScripts(manifestPath).enqueued);
	return path;
}

/** Milliseconds of a whole process. The servers live in this one, so it has to stay awake meanwhile. */
function time(script: string, env: NodeJS.ProcessEnv): Promise<number> {
	const begun = process.hrtime.bigint();
	const child = spawn(process.execPath, [script], { env, stdio: "ignore" });
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("exit", (code) => {
			if (code !== 0) reject(new Error(`The script failed (${code}).`));
			else resolve(Number(process.hrtime.bigint() - begun) / NANOSECONDS);
		});
	});
}

async function run(args: readonly string[]): Promise<BenchResult> {
	const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string" } } });
	const stage = openStage("bench");
	makeFolders(stage.spool);
	const { urls, close } = await openServers();
	const scripts = Object.entries(urls).map(([name, url]) => ({
		name: `server ${name}`,
		path: scriptFor(stage, name, url),
		values: [] as number[],
	}));
	const random = randomSequence(3);
	for (let round = 0; round < Number(values.rounds ?? ROUNDS); round++) {
		for (const { path, values: found } of shuffled(scripts, random))
			found.push(await time(path, { ...process.env, ...stage.env }));
	}
	close();
	const [base, ...others] = scripts;
	if (base === undefined) throw new Error("There is nothing to measure.");
	const series: Series[] = [base, ...others.map((each) => ({ ...each, against: { series: base, bound: BOUND } }))];
	return {
		sections: [
			{
				title: "Whole processes of a script that reports, interleaved",
				measured: series.map((each) => summarise(each, "ms")),
			},
		],
		notes: ["The script has no network code: a test holds that it opens no socket. This shows what follows from it."],
	};
}

export const scripts: Benchmark = {
	about: "a script's time with its author's server fast, slow, silent, and down",
	usage: "--rounds N",
	run,
};
