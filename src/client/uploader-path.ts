/** Where this package's `et-uploader` is, for those that start it and never speak to a server themselves. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Beside this file where it is bundled, and in its own room where it is not. */
const PLACES = ["./et-uploader.js", "../../daemon/main.js"];

/** @returns the program's path, or null where the package is not whole */
export function uploaderPath(): string | null {
	const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
	return paths.find((path) => existsSync(path)) ?? null;
}
