/** Whether who left its number in the spool is still at work. */
import { systemErrorCode } from "../errors.js";

/** Whether a process of this host lives, also where it is another user's. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return systemErrorCode(error) === "EPERM";
	}
}
