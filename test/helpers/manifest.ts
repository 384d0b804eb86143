/** A manifest as authors write it, and as the program holds it. */
import { type Manifest, parseManifest } from "../../src/report/manifest.js";

export const ENDPOINT = "https://et.example.org";

/** The JSON of a whole et.json, with what a test wants otherwise. */
export function manifestJson(changes: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		et: 1,
		project: "dunovo",
		endpoint: ENDPOINT,
		notice: {
			version: 1,
			purpose: "To learn which sizes of input dunovo must be fast on.",
			contact: "dunovo@example.org",
			retention: "P2Y",
		},
		inputs: { pairs: { unit: "reads", why: "Run time depends on it." } },
		data: { duplexes: { type: "integer", why: "Tells how much of the input was usable." } },
		...changes,
	};
}

export function testManifest(changes: Record<string, unknown> = {}): Manifest {
	return parseManifest(manifestJson(changes));
}
