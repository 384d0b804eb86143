/**
 * The marker that a run leaves while it goes on: what is reported of it if it is never heard of again. Needed by
 * startRun() and `et run` alone, so the bundle keeps it in a file of its own (tools/bundle.mjs).
 */
import { existsSync, readdirSync, unlinkSync } from "node:fs";
import { systemErrorCode } from "../errors.js";
import { batchJobOf } from "../host/batch-job.js";
import { diedOfMemory, oomCount } from "../host/memory-cgroup.js";
import { lifeOf, machineId, markProcess, placeHere } from "../host/process-life.js";
import { bytesToHex, REPORT_ID_RANDOM_BYTES, reportId } from "../report/ids.js";
import type { Envelope } from "../spool/envelope.js";
import {
	fileName,
	hostHash,
	machineHash,
	NAME_RANDOM_BYTES,
	type NameParts,
	type SpoolFolders,
} from "../spool/layout.js";
import { hasMarker, type Marker, readMarker, removeMarker, writeMarker } from "../spool/open-runs.js";
import { makeFolders, unsafeSpool } from "../spool/put.js";
import { OOM_END, UNKNOWN_END, vanish } from "../spool/vanish.js";
import type { ClientContext } from "./context.js";

/** What a report of the run says by now, and the name that its file has. */
export interface Known {
	envelope: Envelope;
	name: NameParts;
}

/** A run under way. Nothing here throws or prints. */
export interface OpenRun {
	/** Leaves the marker, or writes it anew with what is known by now. */
	mark(known: Known): void;
	/** The run lives on in this process, too. */
	follow(pid: number): void;
	/**
	 * Reports other runs as vanished that died where this one is: where no uploader looks (a node of a cluster, a
	 * container), the next run does.
	 *
	 * @param most so many of them
	 */
	takeUpOthers(most: number): void;
	/** The run has ended. */
	remove(): void;
}

type Whereabouts = Omit<Marker, "processes" | "oom" | "seen_at" | "gone" | "envelope">;

function whereabouts({ hostName, env }: ClientContext): Whereabouts {
	return { et: 1, ...placeHere(hostHash(hostName()), machineHash(machineId())), job: batchJobOf(env) };
}

/** So many names are looked at: what lives here is passed over by its pid alone. */
const MOST_NAMES = 1024;

/** Names of markers that processes of this host left whose pid is nobody's. */
function namesDeadHere(folders: SpoolFolders, host: string): string[] {
	return readdirSync(folders.open)
		.slice(0, MOST_NAMES)
		.filter((name) => {
			const [, writer, pid] = name.split("-");
			return writer === host && !existsSync(`/proc/${pid}`);
		});
}

class MarkedRun implements OpenRun {
	private readonly processes: Marker["processes"];
	private readonly where: Whereabouts;
	/** Its marker as it stands in the spool; null where there is none. */
	private left: { name: string; marker: Marker } | null = null;
	private isOver = false;

	constructor(
		private readonly context: ClientContext,
		private readonly folders: SpoolFolders,
	) {
		this.processes = [markProcess(context.pid)];
		this.where = whereabouts(context);
	}

	mark({ envelope, name }: Known): void {
		if (this.left === null) {
			const id = reportId(name.atMs, this.context.random(REPORT_ID_RANDOM_BYTES));
			this.leave(fileName(name), envelope, id);
		} else if (hasMarker(this.folders, this.left.name)) {
			this.leave(this.left.name, envelope, this.left.marker.envelope.report.id);
		}
	}

	follow(pid: number): void {
		this.processes.push(markProcess(pid));
		if (this.left !== null) this.write(this.left.name, { ...this.left.marker, processes: this.processes });
	}

	remove(): void {
		this.isOver = true;
		if (this.left !== null) removeMarker(this.folders, this.left.name);
	}

	takeUpOthers(most: number): void {
		let left = most;
		const random = () => bytesToHex(this.context.random(NAME_RANDOM_BYTES));
		for (const name of namesDeadHere(this.folders, this.where.host)) {
			if (left === 0) return;
			const reading = readMarker(this.folders, name);
			if (reading.state !== "read" || name === this.left?.name) continue;
			const { marker, seenAtMs } = reading.entry;
			if (lifeOf(marker, marker.processes, seenAtMs, this.where) !== "dead") continue;
			const end = diedOfMemory(marker, this.where) ? OOM_END : UNKNOWN_END;
			vanish(this.folders, reading.entry, end, { nowMs: this.context.now().getTime(), random });
			left--;
		}
	}

	private leave(name: string, envelope: Envelope, id: string): void {
		const seen_at = this.context.now().toISOString();
		const report = { ...envelope.report, id, event: "vanished", outcome: "unknown" } as const;
		const state = { processes: this.processes, oom: oomCount(), seen_at, gone: null };
		this.write(name, { ...this.where, ...state, envelope: { ...envelope, report } });
	}

	private write(name: string, marker: Marker): void {
		if (this.isOver || !this.isUsable()) return;
		writeMarker(this.folders, name, marker);
		this.left = { name, marker };
	}

	private isUsable(): boolean {
		try {
			return unsafeSpool(this.folders.root) === null;
		} catch (error) {
			if (systemErrorCode(error) !== "ENOENT") throw error;
			makeFolders(this.folders);
			return true;
		}
	}
}

function quietly(work: () => void): void {
	try {
		work();
	} catch {
		// A full disk: the run goes on without a marker.
	}
}

/** A run that begins in this process. Never throws. */
export function openRun(context: ClientContext, folders: SpoolFolders): OpenRun {
	let run: MarkedRun | null = null;
	quietly(() => {
		run = new MarkedRun(context, folders);
	});
	const withRun = (work: (run: MarkedRun) => void) => quietly(() => run !== null && work(run));
	return {
		mark: (known) => withRun((run) => run.mark(known)),
		follow: (pid) => withRun((run) => run.follow(pid)),
		takeUpOthers: (most) => withRun((run) => run.takeUpOthers(most)),
		remove: () => withRun((run) => run.remove()),
	};
}

/** Takes a report out that another stands for; where it has left meanwhile, the later one counts. Never throws. */
export function takeOut(path: string): void {
	quietly(() => unlinkSync(path));
}
