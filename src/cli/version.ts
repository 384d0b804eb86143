/** This package's version. */
import { readFileSync } from "node:fs";

const PACKAGE = "et-phone-home";

/** Read from package.json, which stands some folders above this file, bundled or not. */
export function packageVersion(): string {
	for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
		try {
			const found = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as Record<string, unknown>;
			if (found["name"] === PACKAGE) return String(found["version"]);
		} catch {
			// Not here.
		}
		if (folder.pathname === "/") return "unknown";
	}
}
