/** Faults of a machine that only some users can bring about, each with the question whether this one can. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountSmallDisk, unmount } from "./small-disk.js";

/** Whether this user may mount a disk here: root, and not in every container. */
export function canMount(): boolean {
	const folder = mkdtempSync(join(tmpdir(), "et-mount-"));
	try {
		mountSmallDisk(folder);
		unmount(folder);
		return true;
	} catch {
		return false;
	} finally {
		rmdirSync(folder);
	}
}

const ON_HOST = 'hostname "$1" && shift && exec "$@"';

/** A command on a host of this name, as far as the command can tell: a program, and its arguments. */
export function onHost(name: string, command: readonly string[]): [string, string[]] {
	return ["unshare", ["--uts", "sh", "-c", ON_HOST, "sh", name, ...command]];
}

/** Whether this user may give a process another host name: root, and not in every container. */
export function canNameHosts(): boolean {
	const [program, args] = onHost("elsewhere", ["hostname"]);
	return spawnSync(program, args, { encoding: "utf8" }).stdout === "elsewhere\n";
}
