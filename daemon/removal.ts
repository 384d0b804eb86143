/** How settled reports leave the spool: a loose one by removing its file, a folded one by a tombstone. */
import { Graves, goneIds } from "../src/spool/gone.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { removeAll } from "../src/spool/remove.js";
import type { Parcel } from "./parcel.js";

export class Removal {
	private readonly graves: Graves;
	private readonly gone: Set<string>;

	/** @param writer `writerName` of this process */
	constructor(
		private readonly folders: SpoolFolders,
		writer: string,
	) {
		this.graves = new Graves(folders, writer);
		this.gone = goneIds(folders);
	}

	isGone(id: string): boolean {
		return this.gone.has(id);
	}

	/** @throws the system's error where a tombstone can't be written: what it is for is then sent once more */
	async remove(parcels: readonly Parcel[]): Promise<void> {
		const folded = parcels.filter(({ segment }) => segment !== null).map(({ report }) => report.id);
		this.graves.bury(folded);
		for (const id of folded) this.gone.add(id);
		const loose = parcels.filter(({ segment }) => segment === null).map(({ name }) => name);
		await removeAll(this.folders.new, loose);
	}

	close(): void {
		this.graves.close();
	}
}
