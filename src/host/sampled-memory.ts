/**
 * The memory of a process and all that descend from it, where the system keeps no peaks to read (macOS,
 * the BSDs): what `ps` says of them now and then, through pidusage. What is between two looks is not seen.
 */
import type { ChildProcess } from "node:child_process";

/** Each look starts two programs: often at first, since many commands are short, and then seldom. */
const LOOKS = { firstMs: 50, growth: 2, mostMs: 4000 } as const;

/** Pids with their parents'; empty where `ps` is missing. */
function processTable(): Promise<Map<number, number>> {
	const { spawn } = process.getBuiltinModule("node:child_process");
	return new Promise((resolve) => {
		let text = "";
		const ps: ChildProcess = spawn("ps", ["-A", "-o", "pid=,ppid="], { stdio: ["ignore", "pipe", "ignore"] });
		ps.stdout?.setEncoding("utf8").on("data", (piece) => {
			text += piece;
		});
		ps.on("error", () => resolve(new Map()));
		ps.on("close", () => {
			const pairs = [...text.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)];
			resolve(new Map(pairs.map(([, pid, parent]) => [Number(pid), Number(parent)])));
		});
	});
}

/** `root` and all below it. */
async function pidsBelow(root: number): Promise<number[]> {
	const tree = [root];
	const table = [...(await processTable())];
	for (const pid of tree) tree.push(...table.filter(([, parent]) => parent === pid).map(([child]) => child));
	return tree;
}

async function togetherBytes(root: number): Promise<number> {
	const { default: pidusage } = await import("pidusage");
	const found = await pidusage(await pidsBelow(root));
	pidusage.clear();
	return Object.values(found).reduce((sum, each) => sum + (each?.memory ?? 0), 0);
}

export interface SampledMemory {
	/** Bytes, the most that was seen at once so far; null where no look was in time. */
	seenBytes(): number | null;
	/** The same, and ends the looks. */
	end(): number | null;
}

/** Follows the memory of a process that runs. Never throws. */
export function sampleMemory(root: number): SampledMemory {
	let peakBytes = 0;
	let timer: NodeJS.Timeout | undefined;
	let hasEnded = false;
	const rest = (milliseconds: number): void => {
		timer = setTimeout(async () => {
			// A process that has just ended, or no `ps`, is no reason to look no more.
			const bytes = await togetherBytes(root).catch(() => 0);
			if (hasEnded) return;
			peakBytes = Math.max(peakBytes, bytes);
			rest(Math.min(LOOKS.mostMs, milliseconds * LOOKS.growth));
		}, milliseconds);
	};
	rest(LOOKS.firstMs);
	const seenBytes = () => (peakBytes === 0 ? null : peakBytes);
	return {
		seenBytes,
		end() {
			hasEnded = true;
			clearTimeout(timer);
			return seenBytes();
		},
	};
}
