/** The author's et.json, read once a process. */
import { readFileSync } from "node:fs";
import { EtError, systemErrorCode } from "../errors.js";
import { type Manifest, parseManifest } from "../report/manifest.js";

/** Where the manifest is: a path, a file URL, or its content. */
export type ManifestSource = string | URL | Manifest;

const readOnce = new Map<string, Manifest>();

function readManifest(path: string | URL): Manifest {
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
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new EtError("ET_MANIFEST_INVALID", `The manifest ${path} is not JSON: ${(error as Error).message}`, {
			cause: error,
		});
	}
	return parseManifest(value);
}

/** @throws EtError `ET_MANIFEST_UNREADABLE` or `ET_MANIFEST_INVALID` */
export function loadManifest(source: ManifestSource): Manifest {
	if (typeof source === "object" && !(source instanceof URL)) return parseManifest(source);
	const key = String(source);
	const known = readOnce.get(key);
	if (known !== undefined) return known;
	const manifest = readManifest(source);
	readOnce.set(key, manifest);
	return manifest;
}
