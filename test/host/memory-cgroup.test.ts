/** Where the kernel counts its out-of-memory kills. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { hasKilledSince, oomCount, oomFiles } from "../../src/host/memory-cgroup.js";
import { onLinux } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

test("the files of both versions, by /proc/PID/cgroup as cgroups(7) shows it", (t) => {
	t.deepEqual(oomFiles("0::/user.slice/x.scope\n"), [
		"/sys/fs/cgroup/user.slice/x.scope/memory.events",
		"/sys/fs/cgroup/unified/user.slice/x.scope/memory.events",
	]);
	t.deepEqual(oomFiles("11:cpu,cpuacct:/a\n4:memory:/slurm/uid_1/job_7\n1:name=systemd:/\n"), [
		"/sys/fs/cgroup/memory/slurm/uid_1/job_7/memory.oom_control",
	]);
	t.deepEqual(oomFiles(""), []);
});

test("a kill since is one that the count did not hold; without a count nobody knows", (t) => {
	const file = join(temporaryFolder(t), "memory.events");
	t.is(hasKilledSince({ file, kills: 0 }), null);
	writeFileSync(file, "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n");
	t.is(hasKilledSince({ file, kills: 2 }), false);
	t.is(hasKilledSince({ file, kills: 1 }), true);
	writeFileSync(file, "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	t.is(hasKilledSince({ file, kills: 2 }), true);
});

onLinux("this process's own count is a number, or there is none", (t) => {
	const count = oomCount();
	t.true(count === null || (Number.isSafeInteger(count.kills) && count.file.startsWith("/sys/fs/cgroup/")));
});
