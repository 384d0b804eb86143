import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { deny, withdraw } from "../../src/consent/change.js";
import { runProgram } from "../helpers/child.js";
import { ET } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { moduleUrl } from "../helpers/modules.js";
import { underStrace } from "../helpers/needs.js";

/** Calls that make, change or remove something on disk, and calls that reach out of the process. */
const WATCHED = [
	"open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat",
	"unlink,unlinkat,rmdir,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utime,utimes,utimensat",
	"setxattr,fsetxattr,fallocate,network,execve,fork,vfork",
].join(",");

/** An open that can't change anything. */
const READS_ALONE = /\bopen(?:at2?)?\((?!.*(?:O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND))/;
/** Node.js hands this on by itself, and a program whose coverage is taken writes files. */
const UNCOVERED = { NODE_V8_COVERAGE: undefined };

/** Lines of strace that are no calls. */
const NO_CALL = /^\S+ +(?:\+\+\+|---)|resumed>/;

/** What a program did to the disk, and what it reached out for; a line a call, without what differs from run to run. */
async function deeds(t: ExecutionContext, home: Home, env: NodeJS.ProcessEnv, args: string[]): Promise<string[]> {
	const log = join(home.folder, "..", "strace.log");
	const traced = ["-f", "-qq", "-o", log, "-e", `trace=${WATCHED}`, process.execPath, ...args];
	const { code, stdout, stderr } = await runProgram(t, "strace", traced, {
		env: { ...home.env, ...env, ...UNCOVERED },
	});
	t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
	const calls = readFileSync(log, "utf8")
		.split("\n")
		.filter((line) => line !== "" && !NO_CALL.test(line));
	return calls
		.filter((line) => !READS_ALONE.test(line))
		.map((line) => line.replace(/^\d+\s+/, "").replace(/\bexecve\(.*/, "execve"));
}

function scriptAt(home: Home, client: string): string {
	const path = join(home.folder, "..", "script.mjs");
	const manifest = JSON.stringify(home.manifestPath);
	writeFileSync(
		path,
		`import { enqueue, startRun } from ${JSON.stringify(moduleUrl(client))};
		const run = startRun({ manifest: ${manifest}, command: "align" });
		run.prelim({ inputs: { pairs: 1 } });
		process.on("exit", () => {
			const results = [run.end(), enqueue({ wallS: 1 }, { manifest: ${manifest} })];
			if (results.some(({ status }) => status !== "not_consented")) process.exitCode = 1;
		});`,
	);
	return path;
}

interface Refusal {
	decide?: (home: Home) => void;
	env?: NodeJS.ProcessEnv;
}

const change = { project: "dunovo", now: new Date("2026-01-01T00:00:00.000Z"), how: "test" };

const REFUSALS: Record<string, Refusal> = {
	"no decision": {},
	denied: { decide: ({ consent }) => consent.write(deny(change)) },
	withdrawn: { decide: ({ consent }) => consent.write(withdraw(change)) },
	"an unreadable decision": {
		decide: (home) => {
			grantAt(home);
			writeFileSync(home.consent.path("dunovo"), "{");
		},
	},
	DO_NOT_TRACK: { decide: grantAt, env: { DO_NOT_TRACK: "1" } },
	ET_DISABLED: { decide: grantAt, env: { ET_DISABLED: "1" } },
};

for (const [name, { decide, env = {} }] of Object.entries(REFUSALS)) {
	underStrace(`${name}: no file is made or changed, no socket opened, no program started`, async (t) => {
		const home = temporaryHome(t);
		decide?.(home);
		const before = home.contents();
		const bare = join(home.folder, "..", "bare.mjs");
		writeFileSync(bare, "");
		const expected = await deeds(t, home, env, [bare]);
		for (const client of ["pkg/index.js", "src/index.js"]) {
			t.deepEqual(await deeds(t, home, env, [scriptAt(home, client)]), expected, client);
		}
		t.deepEqual(home.contents(), before);
	});
}

underStrace("et run without consent runs its command, and leaves no trace", async (t) => {
	const home = temporaryHome(t);
	const found = await deeds(t, home, {}, [ET, "run", "--manifest", home.manifestPath, "--", "true"]);
	t.deepEqual(
		// Node.js asks what its own three streams are, and the command is what was to be run.
		found.filter((line) => !/^(?:execve|socketpair\(AF_UNIX|getsock(?:name|opt)\([012],)/.test(line)),
		[],
	);
	t.deepEqual(home.contents(), []);
});

underStrace("the watch sees what a consented script does", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const path = join(home.folder, "..", "script.mjs");
	const manifest = JSON.stringify(home.manifestPath);
	writeFileSync(
		path,
		`import { enqueue } from ${JSON.stringify(moduleUrl("pkg/index.js"))}; enqueue({}, { manifest: ${manifest} });`,
	);
	const found = await deeds(t, home, {}, [path]);
	t.true(found.some((line) => /^mkdir\(/.test(line)));
	t.true(found.some((line) => /O_CREAT\|O_EXCL/.test(line)));
	t.true(found.some((line) => /^rename/.test(line)));
});
