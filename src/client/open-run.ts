/**
 * The marker that a run leaves while it goes on: what is reported of it if it is never heard of again. Needed by
 * startRun() and `et run` alone, so the bundle keeps it in a file of its own (tools/bundle.mjs).
 */
import { unlinkSync } from "node:fs";
import { systemErrorCode } from "../errors.js";
import { batchJobOf } from "../host/batch-job.js";
import { oomCount } from "../host/memory-cgroup.js";
import { machineId, markProcess, placeHere } from "../host/process-life.js";
import { REPORT_ID_RANDOM_BYTES, reportId } from "../report/ids.js";
import type { Envelope } from "../spool/envelope.js";
import { fileName, hostHash, machineHash, type NameParts, type SpoolFolders } from "../spool/layout.js";
import { hasMarker, type Marker, removeMarker, writeMarker } from "../spool/open-runs.js";
import { makeFolders, unsafeSpool } from "../spool/put.js";
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
	/** The run has ended. */
	remove(): void;
}

type Whereabouts = Omit<Marker, "processes" | "oom" | "seen_at" | "gone" | "envelope">;

function whereabouts({ hostName, env }: ClientContext): Whereabouts {
	return { et: 1, ...placeHere(hostHash(hostName()), machineHash(machineId())), job: batchJobOf(env) };
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
		remove: () => withRun((run) => run.remove()),
	};
}

/** Takes a report out that another stands for; where it has left meanwhile, the later one counts. Never throws. */
export function takeOut(path: string): void {
	quietly(() => unlinkSync(path));
}
