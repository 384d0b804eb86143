/** Which machine this is, for names in the spool alone: nothing here ever leaves. */
import { readFileSync } from "node:fs";

/** The host's name; the kernel's file is ten times cheaper than loading node:os. */
export function hostName(): string {
	try {
		return readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
	} catch {
		return process.getBuiltinModule("node:os").hostname();
	}
}
