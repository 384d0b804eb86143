/** Where nobody looks at markers, they must not pile up for ever: beyond the bound of reports the oldest go, counted. */
import type { SpoolFolders } from "./layout.js";
import { lose } from "./lost.js";
import { type MarkerEntry, markerNames, readMarker, removeMarker } from "./open-runs.js";

export interface BoundMarkersOptions {
	nowMs: number;
	/** Makes the id of a count. */
	newId: () => string;
}

/** One count is of one project, endpoint and grant. */
function grouped(entries: readonly MarkerEntry[]): MarkerEntry[][] {
	const groups = new Map<string, MarkerEntry[]>();
	for (const entry of entries) {
		const { endpoint, grant, report } = entry.marker.envelope;
		const key = JSON.stringify([report.project, endpoint, grant]);
		groups.set(key, [...(groups.get(key) ?? []), entry]);
	}
	return [...groups.values()];
}

/** @returns how many went. @throws the system's error; what is then still there is looked at again the next time */
export function boundMarkers(folders: SpoolFolders, most: number, { nowMs, newId }: BoundMarkersOptions): number {
	const names = markerNames(folders);
	const surplus = names.slice(0, Math.max(0, names.length - most));
	const read = surplus.map((name) => readMarker(folders, name));
	const going = read.flatMap((reading) => (reading.state === "read" ? [reading.entry] : []));
	for (const group of grouped(going)) {
		const [first] = group;
		if (first === undefined) continue;
		const { endpoint, grant, report } = first.marker.envelope;
		const ids = group.map(({ marker }) => marker.envelope.report.id);
		const what = { project: report.project, endpoint, grant, reason: "too_many", count: ids.length } as const;
		lose(folders, { et: 1, id: newId(), at: new Date(nowMs).toISOString(), ...what, names: [], ids, told: false });
	}
	for (const name of surplus) removeMarker(folders, name);
	return surplus.length;
}
