/** The author's et.json, read once a process. */
import { readFileSync } from "node:fs";
import { EtError, systemErrorCode } from "../errors.js";
import { type Manifest, parseManifest } from "../report/manifest.js";

/** Where the manifest is: a path, a file URL, or its content. */
export type ManifestSource = string | URL | Manifest;

/** A manifest before anything is known of what it says. */
export interface ManifestFile {
	/** Byte for byte, as UTF-8; null where the content was given. */
	text: string | null;
	json: unknown;
}

const filesRead = new Map<string, ManifestFile>();
const manifestsOf = new WeakMap<ManifestFile, Manifest>();

function readFile(path: string | URL): ManifestFile {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		const why = systemErrorCode(error);
		throw new EtError(
			"ET_MANIFEST_UNREADABLE",
			`The manifest ${path} can't be read (${why}), and without it nothing is recorded. Check the path.`,
			{ cause: error },
		);
	}
	try {
		return { text, json: JSON.parse(text) };
	} catch (error) {
		throw new EtError("ET_MANIFEST_INVALID", `The manifest ${path} is not JSON: ${(error as Error).message}`, {
			cause: error,
		});
	}
}

/** @throws EtError `ET_MANIFEST_UNREADABLE`, or `ET_MANIFEST_INVALID` where it is not JSON */
export function readManifestFile(source: ManifestSource): ManifestFile {
	if (typeof source === "object" && !(source instanceof URL)) return { text: null, json: source };
	const key = String(source);
	let file = filesRead.get(key);
	if (file === undefined) {
		// As a path whatever was given: a number would be a descriptor of the script's.
		file = readFile(source instanceof URL ? source : key);
		filesRead.set(key, file);
	}
	return file;
}

/** @throws EtError `ET_MANIFEST_UNREADABLE` or `ET_MANIFEST_INVALID` */
export function loadManifest(source: ManifestSource): Manifest {
	const file = readManifestFile(source);
	let manifest = manifestsOf.get(file);
	if (manifest === undefined) {
		manifest = parseManifest(file.json);
		manifestsOf.set(file, manifest);
	}
	return manifest;
}
