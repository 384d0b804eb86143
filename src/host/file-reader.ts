/** Small files of the kernel, as texts. */
import { existsSync, readFileSync } from "node:fs";

/** Null where there is no such file, or it can't be read. */
export type FileReader = (path: string) => string | null;

/** @param root stands before every path */
export function readerAt(root: string): FileReader {
	return (path) => {
		try {
			// An exception costs more than to look.
			return existsSync(root + path) ? readFileSync(root + path, "latin1") : null;
		} catch {
			return null;
		}
	};
}
