/** What a script declares, and what its user decided about that. */
import type { Grant } from "../consent/record.js";
import { type ConsentReading, readConsent } from "../consent/store.js";
import type { Manifest } from "../report/manifest.js";
import { loadManifest, type ManifestFile, type ManifestSource, readManifestFile } from "./manifest-file.js";

export interface Declared {
	manifest: Manifest;
	/** The manifest's file, byte for byte; null where its content was given. */
	source: string | null;
	reading: ConsentReading;
	/** The manifest is known to be what the grant was given for. */
	isAgreed: boolean;
}

const agreedOnce = new WeakMap<ManifestFile, { text: string; manifest: Manifest }>();

/** The manifest that a grant was given for, with what is no part of the agreement. */
function agreedManifest({ text }: Grant, file: ManifestFile): Manifest {
	const known = agreedOnce.get(file);
	if (known?.text === text) return known.manifest;
	const { sample } = file.json as Partial<Manifest>;
	const manifest: Manifest = { ...(JSON.parse(text) as Omit<Manifest, "sample">), sample: sample ?? 1 };
	agreedOnce.set(file, { text, manifest });
	return manifest;
}

function projectIn(json: unknown): string | null {
	const project = typeof json === "object" && json !== null && "project" in json ? json.project : null;
	return typeof project === "string" ? project : null;
}

/**
 * The manifest of a script, and the user's decision about its project.
 *
 * A grant keeps the file that it was given for. Where the script's is the same byte for byte, it was looked through
 * when it was granted and need not be again, which takes 0.4 ms out of a script's first report.
 *
 * @throws EtError `ET_MANIFEST_UNREADABLE` or `ET_MANIFEST_INVALID`
 */
export function declared(source: ManifestSource, consentFolder: string): Declared {
	const file = readManifestFile(source);
	const project = projectIn(file.json);
	const reading: ConsentReading = project === null ? { state: "none" } : readConsent(consentFolder, project);
	const grant = reading.state === "decided" ? reading.record.grant : null;
	if (grant !== null && grant.source !== null && grant.source === file.text) {
		return { manifest: agreedManifest(grant, file), source: file.text, reading, isAgreed: true };
	}
	return { manifest: loadManifest(source), source: file.text, reading, isAgreed: false };
}
