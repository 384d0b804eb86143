/** Small files of the kernel, as texts. */
import { existsSync, readFileSync } from "node:fs";

/** Null where there is no such file, or it can't be read. */
export type FileReader = (path: string) => string | null;

/** @param root stands before every path */
export function readerAt(root: string): FileReader {
	return (path) => {
		try {
			// An exception costs more than to look; and "utf8" is read in one call of Node.js, "latin1" in four.
			return existsSync(root + path) ? readFileSync(root + path, "utf8") : null;
		} catch {
			return null;
		}
	};
}
