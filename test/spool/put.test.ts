/** The writer: what it leaves, and what it refuses. */
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { parseEnvelope } from "../../src/spool/envelope.js";
import { hostHash, type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { makeFolders, type PutResult, put, unsafeSpool } from "../../src/spool/put.js";
import { runScript } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { asRoot, onLinux, onUnix } from "../helpers/needs.js";
import { namesIn, putReport, temporarySpool, testEnvelope } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const ENVELOPE = testEnvelope();
const AT_MS = Date.UTC(2026, 0, 1);
const PARTS = { atMs: AT_MS, host: hostHash("test"), pid: 7, runId: ENVELOPE.report.run_id, random: "00c0ffee" };
const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;

const attempt = (root: string): PutResult => put(spoolFolders(root), ENVELOPE, PARTS);

/** Puts, in a process of its own, as a user that permissions bind. */
async function putAsNobody(t: ExecutionContext, folders: SpoolFolders): Promise<PutResult> {
	const script = `
		import { put } from ${JSON.stringify(moduleUrl("src/spool/put.js"))};
		${isRoot ? `process.setuid(${NOBODY});` : ""}
		const result = put(${JSON.stringify(folders)}, ${JSON.stringify(ENVELOPE)}, ${JSON.stringify(PARTS)});
		console.log(JSON.stringify(result));`;
	const { stdout, stderr } = await runScript(t, script);
	t.is(stderr, "");
	return JSON.parse(stdout) as PutResult;
}

/** A spool of the user that {@link putAsNobody} is. */
function spoolOfNobody(t: ExecutionContext): SpoolFolders {
	const root = temporaryFolder(t);
	chmodSync(root, 0o755);
	const folders = spoolFolders(join(root, "spool"));
	makeFolders(folders);
	if (isRoot) for (const folder of [folders.root, folders.tmp, folders.new]) chownSync(folder, NOBODY, NOBODY);
	return folders;
}

test("a report lies in new/ under its name, whole, and tmp/ is empty", (t) => {
	const root = join(temporaryFolder(t), "a", "b", "spool");
	const result = attempt(root);
	const folders = spoolFolders(root);
	t.true(result.ok);
	const name = `${AT_MS}-${hostHash("test")}-7-${ENVELOPE.report.run_id.slice(0, 8)}00c0ffee.json`;
	t.like(result, { ok: true, name, path: join(folders.new, name) });
	t.deepEqual(namesIn(folders.new), [name]);
	t.deepEqual(namesIn(folders.tmp), []);
	const parsed = parseEnvelope(readFileSync(join(folders.new, name), "utf8"));
	t.deepEqual(parsed, { ok: true, envelope: ENVELOPE, text: JSON.stringify(ENVELOPE.report) });
});

onUnix("the spool and its reports are for the user alone", (t) => {
	const root = join(temporaryFolder(t), "spool");
	const result = attempt(root);
	const folders = spoolFolders(root);
	for (const folder of [folders.root, folders.tmp, folders.new]) t.is(statSync(folder).mode & 0o777, 0o700, folder);
	if (result.ok) t.is(statSync(result.path).mode & 0o777, 0o600);
});

onUnix("a spool that others can write is refused", (t) => {
	const folders = temporarySpool(t);
	for (const mode of [0o777, 0o770, 0o702, 0o720]) {
		chmodSync(folders.root, mode);
		t.deepEqual(attempt(folders.root), { ok: false, reason: "spool_unsafe", detail: "others can write it" });
	}
	chmodSync(folders.root, 0o755);
	t.is(unsafeSpool(folders.root), null);
	t.deepEqual(namesIn(folders.new), []);
});

asRoot("a spool of another user is refused", (t) => {
	const folders = temporarySpool(t);
	chownSync(folders.root, NOBODY, NOBODY);
	t.deepEqual(attempt(folders.root), { ok: false, reason: "spool_unsafe", detail: "it belongs to another user" });
});

onUnix("a spool that is a link to a folder of the user's own is used; one to nowhere is refused", (t) => {
	const folder = temporaryFolder(t);
	const folders = temporarySpool(t);
	symlinkSync(folders.root, join(folder, "link"));
	t.true(attempt(join(folder, "link")).ok);
	symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
	t.like(attempt(join(folder, "dangling")), { ok: false, reason: "spool_unavailable" });
	t.false(existsSync(join(folder, "nowhere")));
});

test("a file in the place of the spool, or of a folder above it, is refused", (t) => {
	const file = join(temporaryFolder(t), "file");
	writeFileSync(file, "mine");
	t.deepEqual(attempt(file), { ok: false, reason: "spool_unsafe", detail: "it is not a folder" });
	t.like(attempt(join(file, "spool")), { ok: false, reason: "spool_unavailable" });
	t.is(readFileSync(file, "utf8"), "mine");
});

test("a file in the place of new/ or tmp/ is refused, and stays", (t) => {
	const root = temporaryFolder(t);
	writeFileSync(join(root, "new"), "mine");
	t.like(attempt(root), { ok: false });
	t.is(readFileSync(join(root, "new"), "utf8"), "mine");
	t.deepEqual(namesIn(join(root, "tmp")), []);
});

onUnix("a read-only spool is refused, and so is one where a home is read-only", async (t) => {
	const folders = spoolOfNobody(t);
	chmodSync(folders.tmp, 0o500);
	t.deepEqual(await putAsNobody(t, folders), { ok: false, reason: "not_writable", detail: "EACCES" });
	chmodSync(folders.tmp, 0o700);
	chmodSync(folders.new, 0o500);
	t.deepEqual(await putAsNobody(t, folders), { ok: false, reason: "not_writable", detail: "EACCES" });
	t.deepEqual(namesIn(folders.tmp), []);
	const home = spoolFolders(join(folders.root, "..", "home", "spool"));
	mkdirSync(join(home.root, ".."), { mode: 0o555 });
	t.deepEqual(await putAsNobody(t, home), { ok: false, reason: "not_writable", detail: "EACCES" });
});

onUnix("a spool under a folder that may be used and not read is made", async (t) => {
	const folders = spoolOfNobody(t);
	const scratch = join(folders.root, "..", "scratch");
	mkdirSync(scratch);
	chmodSync(scratch, 0o1733);
	t.true((await putAsNobody(t, spoolFolders(join(scratch, "spool")))).ok);
});

onLinux("a file system that takes nothing is refused (needs /dev/full, /proc)", (t) => {
	t.like(attempt("/proc/et-spool"), { ok: false, reason: "spool_unavailable" });
	t.like(attempt("/dev/full"), { ok: false, reason: "spool_unsafe" });
});

test("no descriptor left: refused, and the spool works again afterwards", async (t) => {
	const folders = temporarySpool(t);
	const script = `
		import { openSync, closeSync } from "node:fs";
		import { put } from ${JSON.stringify(moduleUrl("src/spool/put.js"))};
		const held = [];
		try { for (;;) held.push(openSync("/dev/null", "r")); } catch {}
		const give = (random) => put(${JSON.stringify(folders)}, ${JSON.stringify(ENVELOPE)}, { ...${JSON.stringify(PARTS)}, random });
		const full = give("00000000");
		for (const descriptor of held) closeSync(descriptor);
		console.log(JSON.stringify([full, give("00000001").ok]));`;
	const { stdout } = await runScript(t, script, {});
	t.deepEqual(JSON.parse(stdout), [{ ok: false, reason: "too_many_open_files", detail: "EMFILE" }, true]);
	t.is(namesIn(folders.new).length, 1);
	t.deepEqual(namesIn(folders.tmp), []);
});

test("two reports of one moment have two names", (t) => {
	const folders = temporarySpool(t);
	const names = Array.from({ length: 50 }, () => putReport(folders, { atMs: AT_MS }));
	t.is(new Set(names).size, 50);
	t.deepEqual(namesIn(folders.new), names.toSorted());
});
