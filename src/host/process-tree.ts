/**
 * A process and all that descend from it, looked at again and again.
 *
 * Who was once seen in the tree stays in it, also where its parent ends first and another process
 * takes it over (a double fork): then nobody in the tree waits for it, and what it used is not in what
 * the kernel adds up for the tree's root.
 */
import { NewPids } from "./new-pids.js";
import { type ProcessStatus, readStatus, StatusFile } from "./proc-status.js";
import { type CpuTime, cpuTimeOf } from "./resources.js";

interface Member {
	file: StatusFile;
	/** The CPU time of one whom nobody in the tree will wait for; null for all others. */
	orphaned: CpuTime | null;
}

/** What one look has found of the processes that were there. */
export interface Look {
	/** The peak so far of the one that has held most. */
	largestPeakBytes: number;
	/** What all hold now; memory that several share counts for each. */
	togetherBytes: number;
	threads: number;
	/** Whether a process is there that the last look did not see. */
	hasGrown: boolean;
}

export class ProcessTree {
	private readonly members = new Map<number, Member>();
	private readonly newPids: NewPids;
	/** Pids of which there was nothing to read yet: the kernel gives a pid a moment before there is its process. */
	private unborn: number[] = [];
	/** CPU time of orphans that have ended. */
	private orphans: CpuTime | null = null;

	constructor(private readonly root: number) {
		this.newPids = new NewPids(root);
		this.join(root);
	}

	get pids(): Iterable<number> {
		return this.members.keys();
	}

	look(): Look {
		const look: Look = { largestPeakBytes: 0, togetherBytes: 0, threads: 0, hasGrown: false };
		// First those that are known: a short command would end while others are searched for.
		for (const [pid, member] of this.members) this.weigh(pid, member, look);
		for (const [pid, member] of this.search()) {
			look.hasGrown = true;
			this.weigh(pid, member, look);
		}
		return look;
	}

	/**
	 * To be called once the root was waited for.
	 *
	 * @returns what those used whom nobody in the tree waited for, as far as it was seen: orphans, and all that
	 * outlive the root; null where there were none
	 */
	end(): CpuTime | null {
		for (const [pid, member] of this.members) {
			if (pid !== this.root && member.file.read() !== null) member.orphaned = cpuTimeOf(pid) ?? member.orphaned;
			this.leave(pid, member);
		}
		return this.orphans;
	}

	private join(pid: number): Member | null {
		try {
			const member = { file: new StatusFile(pid), orphaned: null };
			this.members.set(pid, member);
			return member;
		} catch {
			// It has ended already.
			return null;
		}
	}

	private leave(pid: number, { file, orphaned }: Member): void {
		file.close();
		this.members.delete(pid);
		if (orphaned === null) return;
		const { userS, systemS } = this.orphans ?? { userS: 0, systemS: 0 };
		this.orphans = { userS: userS + orphaned.userS, systemS: systemS + orphaned.systemS };
	}

	private weigh(pid: number, member: Member, look: Look): void {
		const status = member.file.read();
		if (status === null) {
			this.leave(pid, member);
			return;
		}
		const isOrphan = pid !== this.root && !this.members.has(status.parent);
		member.orphaned = isOrphan ? (cpuTimeOf(pid) ?? member.orphaned) : null;
		look.largestPeakBytes = Math.max(look.largestPeakBytes, status.peakBytes);
		look.togetherBytes += status.rssBytes;
		look.threads += status.threads;
	}

	/** Takes in who has begun since the last look. */
	private search(): [pid: number, member: Member][] {
		const joined: [number, Member][] = [];
		const parents = this.newcomers();
		// A parent may have a higher pid than its child, and stand behind it.
		for (let before = -1; before < joined.length; ) {
			before = joined.length;
			for (const [pid, parent] of parents) {
				if (!this.members.has(parent)) continue;
				parents.delete(pid);
				const member = this.join(pid);
				if (member !== null) joined.push([pid, member]);
			}
		}
		return joined;
	}

	/** New processes, and the parent of each. */
	private newcomers(): Map<number, number> {
		const parents = new Map<number, number>();
		const again = this.unborn;
		this.unborn = [];
		const meet = (pid: number, otherwise: () => void) => {
			if (this.members.has(pid)) return;
			const status = statusOf(pid);
			if (status === "none") otherwise();
			else if (status !== "thread") parents.set(pid, status.parent);
		};
		for (const pid of again) meet(pid, () => {});
		for (const pid of this.newPids.next()) meet(pid, () => this.unborn.push(pid));
		return parents;
	}
}

function statusOf(pid: number): ProcessStatus | "thread" | "none" {
	try {
		return readStatus(pid) ?? "thread";
	} catch {
		return "none";
	}
}
