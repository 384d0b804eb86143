/** Which machine this is, for names in the spool alone: nothing here ever leaves. */
import { readFileSync } from "node:fs";

let known: string | undefined;

/** The host's name, as it was when this process first asked. */
export function hostName(): string {
	known ??= readHostName();
	return known;
}

/** The kernel's file is ten times cheaper than loading node:os. */
function readHostName(): string {
	try {
		return readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
	} catch {
		return process.getBuiltinModule("node:os").hostname();
	}
}
