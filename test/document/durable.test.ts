/** A document is there whole or not at all, and never over somebody else's. */
import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test from "ava";
import { LowSync } from "lowdb";
import { DurableJson, FILE_MODE, writeDurably } from "../../src/document/durable.js";
import { systemErrorCode } from "../../src/errors.js";
import { temporaryFolder } from "../helpers/temporary.js";

const PERMISSION_BITS = 0o777;

/** Folders as in a spool, and a document that stands before the test begins. */
function documents(t: Parameters<typeof temporaryFolder>[0]) {
	const root = temporaryFolder(t);
	const [tmp, target] = [join(root, "tmp"), join(root, "new")];
	mkdirSync(tmp);
	mkdirSync(target);
	writeFileSync(join(target, "a.json"), "former");
	return { tmp, target, temporary: join(tmp, "a.json"), document: join(target, "a.json") };
}

test("a text is written whole, for the user alone, and nothing is left beside it", (t) => {
	const { tmp, temporary, document } = documents(t);
	writeDurably(temporary, document, "now, with ünïcode");
	t.is(readFileSync(document, "utf8"), "now, with ünïcode");
	t.deepEqual(readdirSync(tmp), []);
	if (process.platform !== "win32") t.is(statSync(document).mode & PERMISSION_BITS, FILE_MODE);
});

test("a temporary file that exists is neither overwritten nor removed", (t) => {
	const { temporary, document } = documents(t);
	writeFileSync(temporary, "another writer's");
	const error = t.throws(() => writeDurably(temporary, document, "mine"));
	t.is(systemErrorCode(error), "EEXIST");
	t.is(readFileSync(temporary, "utf8"), "another writer's");
	t.is(readFileSync(document, "utf8"), "former");
});

test("a symbolic link planted as the temporary file is not followed", (t) => {
	const { tmp, temporary, document } = documents(t);
	const victim = join(tmp, "victim");
	symlinkSync(victim, temporary);
	t.is(systemErrorCode(t.throws(() => writeDurably(temporary, document, "mine"))), "EEXIST");
	t.false(existsSync(victim));
	t.true(lstatSync(temporary).isSymbolicLink());
});

test("what fails leaves the target as it was, and no temporary file", (t) => {
	const { tmp, target, temporary } = documents(t);
	const folder = join(target, "folder");
	mkdirSync(join(folder, "full"), { recursive: true });
	t.throws(() => writeDurably(temporary, folder, "a file can't replace a folder"));
	t.true(statSync(folder).isDirectory());
	t.throws(() => writeDurably(temporary, join(target, "gone", "a.json"), "no such folder"));
	t.deepEqual(readdirSync(tmp), []);
	t.deepEqual(readdirSync(target).sort(), ["a.json", "folder"]);
});

test("without the folder for temporary files nothing is written", (t) => {
	const { tmp, temporary, document } = documents(t);
	rmSync(tmp, { recursive: true });
	t.is(systemErrorCode(t.throws(() => writeDurably(temporary, document, "mine"))), "ENOENT");
	t.is(readFileSync(document, "utf8"), "former");
});

test("lowdb reads back what it wrote, and null where there is nothing", (t) => {
	const { temporary, target } = documents(t);
	const adapter = new DurableJson<{ n: number[] }>(temporary, join(target, "b.json"));
	t.is(adapter.read(), null);
	const low = new LowSync<{ n: number[] }>(adapter, { n: [] });
	low.update(({ n }) => n.push(1, 2));
	t.deepEqual(new DurableJson<{ n: number[] }>(temporary, join(target, "b.json")).read(), { n: [1, 2] });
});

test("a document that is no JSON is an error, and no document", (t) => {
	const { temporary, document } = documents(t);
	t.throws(() => new DurableJson(temporary, document).read(), { instanceOf: SyntaxError });
});
