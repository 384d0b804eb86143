/** How settled reports leave the spool: a loose one by removing its file, a folded one by a tombstone. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { forgottenRuns } from "../src/spool/forgotten.js";
import { type Gone, Graves, gone, isGone } from "../src/spool/gone.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { removeAll } from "../src/spool/remove.js";
import type { Parcel } from "./parcel.js";

/** A file of tombstones that was begun less than this ago may still be being written. */
const FRESH_MS = 1000;

export class Removal {
	private readonly graves: Graves;
	private readonly gone: Gone;
	/** Tombstones in files that were begun until then have been read. */
	private readUntilMs = 0;

	/** @param writer `writerName` of this process */
	constructor(
		private readonly folders: SpoolFolders,
		writer: string,
	) {
		this.graves = new Graves(folders, writer);
		this.gone = gone(folders);
	}

	/** Whether one copy of a report is gone, by the tombstones that have been read. */
	isGone(id: string, name: string): boolean {
		return isGone(this.gone, id, name);
	}

	/** Those of runs that no user has forgotten by this moment. */
	notForgotten(parcels: readonly Parcel[]): Parcel[] {
		const forgotten = forgottenRuns(this.folders);
		return parcels.filter(({ report }) => !forgotten.has(report.run_id));
	}

	/**
	 * Those that are in the spool at this moment, and of no forgotten run: their user may have dropped some since they
	 * were read, or forgotten a run whose script left another report of it then.
	 */
	stillThere(parcels: readonly Parcel[]): Parcel[] {
		if (parcels.some(({ segment }) => segment !== null)) this.lookForTombstones();
		return this.notForgotten(parcels).filter(({ name, segment, report }) =>
			segment === null ? existsSync(join(this.folders.new, name)) : !this.isGone(report.id, name),
		);
	}

	/** Learns of what others have buried since the last look. */
	lookForTombstones(): void {
		const begunMs = statSync(this.folders.gone, { throwIfNoEntry: false })?.mtimeMs ?? 0;
		if (begunMs <= this.readUntilMs) return;
		this.readUntilMs = Math.min(begunMs, Date.now() - FRESH_MS);
		const { all, replaced } = gone(this.folders);
		for (const id of all) this.gone.all.add(id);
		for (const name of replaced) this.gone.replaced.add(name);
	}

	/** @throws the system's error where a tombstone can't be written: what it is for is then sent once more */
	async remove(parcels: readonly Parcel[]): Promise<void> {
		const folded = parcels.filter(({ segment }) => segment !== null).map(({ report }) => report.id);
		this.graves.bury(folded);
		for (const id of folded) this.gone.all.add(id);
		const loose = parcels.filter(({ segment }) => segment === null).map(({ name }) => name);
		await removeAll(this.folders.new, loose);
	}

	close(): void {
		this.graves.close();
	}
}
