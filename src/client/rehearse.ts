/**
 * What a report passes through on its way to the disk, gone through once while the script starts, with made-up figures
 * and without I/O: what V8 compiles and sets up at a first call is then done, and the script's end does not wait for it.
 * It takes 0.8 ms of CPU time off the first enqueue(), and adds 0.3 ms to a whole process (docs/benchmarks.md).
 */

import { mayKeep } from "../consent/decide.js";
import { NO_POLICY } from "../consent/policy.js";
import { parseRecord } from "../consent/record.js";
import { hostName } from "../host/identity.js";
import { fillPool } from "../host/random.js";
import type { Manifest } from "../report/manifest.js";
import { compose } from "./compose.js";
import { newRun } from "./run-identity.js";

const MANIFEST: Manifest = {
	et: 1,
	project: "p",
	endpoint: "https://et.example",
	notice: { version: 1, purpose: "p", contact: "c", retention: "P1D", url: null, addresses: "none" },
	inputs: { i: { unit: "bytes", why: "w" } },
	data: { d: { type: "integer", why: "w" } },
	sample: 1,
};

const DECISION = {
	et: 1,
	project: "p",
	mode: "granted",
	since: "2000-01-01T00:00:00.000Z",
	how: "h",
	grant: {
		id: "g",
		endpoint: MANIFEST.endpoint,
		notice: { version: 1, digest: "d" },
		text: "t",
		source: "s",
		flush: null,
		without: [],
		review: { approve: false, delay_s: 0 },
	},
};

const FIGURES = {
	command: "c",
	version: "1",
	outcome: "ok",
	exitCode: 0,
	wallS: 1,
	inputs: { i: 1 },
	data: { d: 1 },
} as const;

const CONTEXT = {
	env: {},
	hostName,
	pid: process.pid,
	now: () => new Date(),
	random: (length: number) => new Uint8Array(length),
};

/** Never throws: what fails here (no source of randomness, a clock that was replaced) fails again where it is told. */
export function rehearse(): void {
	try {
		goThrough();
	} catch {
		// A script that imports ET goes on without.
	}
}

function goThrough(): void {
	fillPool();
	const record = parseRecord(DECISION);
	const run = newRun(MANIFEST, CONTEXT);
	if (record === null || run === null) return;
	const decision = mayKeep(
		MANIFEST,
		false,
		{ env: {}, policy: NO_POLICY, reading: { state: "decided", record } },
		true,
	);
	if (decision.keep) compose(FIGURES, MANIFEST, run, decision.by, [], CONTEXT);
}
