/** Small files of the kernel, as texts. */
import { readFileSync } from "node:fs";

/** Null where there is no such file, or it can't be read. */
export type FileReader = (path: string) => string | null;

/** @param root stands before every path */
export function readerAt(root: string): FileReader {
	return (path) => {
		try {
			return readFileSync(root + path, "latin1");
		} catch {
			return null;
		}
	};
}
