/** Turns of commands that change what waits: one at a time, and none waits for the dead. */
import { spawnSync } from "node:child_process";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { changing, type Holder } from "../../src/spool/changing.js";
import { makeFolders } from "../../src/spool/put.js";
import { waiting } from "../../src/spool/waiting.js";
import { runProgram } from "../helpers/child.js";
import { et, grantedHome } from "../helpers/cli.js";
import { moduleUrl } from "../helpers/modules.js";
import { onUnix } from "../helpers/needs.js";
import { fillSpool, namesIn, temporarySpool } from "../helpers/spool.js";

const HOST = "0123456789ab";
const holder = (changes: Partial<Holder> = {}): Holder => ({ host: HOST, pid: process.pid, token: "aa", ...changes });
const IMPATIENT = { patienceMs: 30, token: "bb" };

test("a turn ends with its work, also where that fails", (t) => {
	const folders = temporarySpool(t);
	t.is(
		changing(folders, holder(), () => 7),
		7,
	);
	t.throws(() =>
		changing(folders, holder(), () => {
			throw new Error("x");
		}),
	);
	t.deepEqual(namesIn(folders.tmp), []);
});

test("who lives keeps its turn, and the other one does nothing", (t) => {
	const folders = temporarySpool(t);
	changing(folders, holder(), () => {
		const error = t.throws(() => changing(folders, holder(IMPATIENT), () => t.fail()));
		t.like(error, { code: "ET_SPOOL_BUSY" });
		t.regex(error?.message ?? "", new RegExp(`process ${process.pid}.*Nothing was changed`));
	});
});

test("the turn of a dead process of this host is taken over at once, that of another host after ten minutes", (t) => {
	const folders = temporarySpool(t);
	const path = join(folders.tmp, "changing");
	const { pid } = spawnSync(process.execPath, ["--version"]);
	writeFileSync(path, `${HOST} ${pid} cc`);
	t.is(
		changing(folders, holder(IMPATIENT), () => 1),
		1,
	);
	writeFileSync(path, `ba9876543210 ${pid} cc`);
	t.throws(() => changing(folders, holder(IMPATIENT), () => t.fail()));
	const longAgo = new Date(Date.now() - 11 * 60 * 1000);
	utimesSync(path, longAgo, longAgo);
	t.is(
		changing(folders, holder(IMPATIENT), () => 2),
		2,
	);
});

test("who stood still for too long sees that its turn is over", (t) => {
	const folders = temporarySpool(t);
	const error = t.throws(() =>
		changing(folders, holder(), (turn) => {
			writeFileSync(join(folders.tmp, "changing"), `${HOST} 1 dd`);
			turn.keep();
		}),
	);
	t.like(error, { code: "ET_SPOOL_BUSY" });
	t.deepEqual(namesIn(folders.tmp), ["changing"], "the other one's turn is left to it");
});

onUnix("a disk on which no byte may be written: the turn does not stay taken by nobody", async (t) => {
	const folders = temporarySpool(t);
	const script = `
		import { changing } from ${JSON.stringify(moduleUrl("src/spool/changing.js"))};
		try { changing(${JSON.stringify(folders)}, ${JSON.stringify(holder())}, () => {}); } catch (error) { process.exitCode = error.code === "EFBIG" ? 0 : 9; }`;
	// Coverage is not measured there: Node.js could not write it either.
	const limited = ["-c", 'unset NODE_V8_COVERAGE; ulimit -f 0; exec "$@"', "sh"];
	const node = [process.execPath, "--input-type=module", "--eval", script];
	const { code, stderr } = await runProgram(t, "sh", [...limited, ...node]);
	t.deepEqual([code, stderr], [0, ""]);
	t.deepEqual(namesIn(folders.tmp), []);
});

test("commands at once: each report is there once, and what was taken out is in none", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	fillSpool(home.spool, 12, { grant: "test-grant", given: { command: "secret", wallS: 1 } });
	const ids = [...waiting(home.spool)].map(({ envelope }) => envelope.report.id);
	const commands = [
		["hold", "--all"],
		["release", "--all"],
		["approve", "--all"],
		...ids.slice(0, 4).map((id) => ["redact", id, "command"]),
	];
	const results = await Promise.all(commands.map((args) => et(t, home, args)));
	for (const { code, stderr } of results) t.is(code, 0, stderr);
	const left = [...waiting(home.spool)].map(({ envelope }) => envelope.report);
	t.deepEqual(left.map(({ id }) => id).sort(), [...ids].sort());
	for (const { id, command } of left) t.is(command, ids.slice(0, 4).includes(id) ? null : "secret");
});
