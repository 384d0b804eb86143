/** Erased means gone from the files, too: what SQLite leaves in them is read byte for byte. */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import { openSqliteStore, type SqliteOptions } from "../../../src/server/store/sqlite.js";
import type { ErasureRecord, EventRecord } from "../../../src/server/store/types.js";
import { eventRecord } from "../../contract/store.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const SIDE_FILES = ["", "-wal", "-shm", "-journal"];

function openIn(t: ExecutionContext, options: SqliteOptions = {}) {
	const file = join(temporaryFolder(t), "et.sqlite");
	const store = openSqliteStore(file, options);
	t.teardown(() => store.close());
	return { file, store };
}

interface Marked {
	event: EventRecord;
	/** Stands in the event's command, in its report and in a long text that fills pages of its own. */
	mark: string;
}

/** An event that can be found in any file; its report fills from a part of a page to several pages. */
function marked(length: number): Marked {
	const mark = randomBytes(12).toString("hex");
	const event = eventRecord({ command: mark });
	const report = { ...JSON.parse(event.report), command: mark, data: { note: mark.padEnd(length, ".") } };
	return { mark, event: { ...event, report: JSON.stringify(report) } };
}

/** How often a text or bytes stand in the files of a database. */
function timesIn(file: string, sought: string | Buffer): number {
	const files = SIDE_FILES.map((suffix) => `${file}${suffix}`).filter(existsSync);
	return files.reduce(
		(times, path) => times + readFileSync(path).toString("latin1").split(latin1(sought)).length - 1,
		0,
	);
}

function latin1(sought: string | Buffer): string {
	return typeof sought === "string" ? sought : sought.toString("latin1");
}

function idBytes({ event }: Marked): Buffer {
	return Buffer.from(event.id.replaceAll("-", ""), "hex");
}

function erasure({ event }: Marked, fields?: readonly string[]): ErasureRecord {
	const redaction = fields === undefined ? null : { reportId: event.id, fields };
	return { runId: event.runId, redaction, at: 0, receipt: randomUUID() };
}

test("of many erased and redacted reports among others, no byte is left in any file", async (t) => {
	const { file, store } = openIn(t);
	const entries = Array.from({ length: 3000 }, (_, index) => marked(index % 40 === 0 ? 9000 : (index * 37) % 700));
	const [erased, redacted, kept] = [0, 1, 2].map((rest) => entries.filter((_, index) => index % 3 === rest));
	for (let at = 0; at < entries.length; at += 500) {
		const batch = entries.slice(at, at + 500);
		await store.insertBatch({ events: batch.map(({ event }) => event), lost: [] });
		// As they come, so that what is freed is used again, and pages are split and joined.
		const requests = batch.map((entry, index) => {
			if (erased?.includes(entry)) return erasure(entry);
			return redacted?.includes(entry) ? erasure(entry, ["command", index % 2 ? "data.note" : "data"]) : undefined;
		});
		await store.erase(requests.filter((request) => request !== undefined));
	}
	const bytes = SIDE_FILES.map((suffix) => `${file}${suffix}`)
		.filter(existsSync)
		.map((path) => readFileSync(path).toString("latin1"))
		.join();
	t.true(kept?.every(({ mark }) => bytes.includes(mark)));
	t.deepEqual(
		[...(erased ?? []), ...(redacted ?? [])].filter(({ mark }) => bytes.includes(mark)),
		[],
	);
	t.deepEqual(
		erased?.filter((entry) => bytes.includes(latin1(idBytes(entry)))),
		[],
	);
});

test("while another process reads, erased bytes wait for it, and go then", async (t) => {
	const { file, store } = openIn(t, { wipeRetryMs: 20 });
	const entry = marked(300);
	await store.insertBatch({ events: [entry.event], lost: [] });
	const reader = new Sqlite(file);
	t.teardown(() => reader.close());
	reader.exec("BEGIN");
	t.is(reader.prepare("SELECT count(*) FROM events").pluck().get(), 1);

	await store.erase([erasure(entry)]);
	t.deepEqual(await store.runEvents(entry.event.project, entry.event.runId), []);
	t.true(timesIn(file, entry.mark) > 0);
	reader.exec("COMMIT");
	while (timesIn(file, entry.mark) > 0) await setImmediate();
	t.is(timesIn(file, idBytes(entry)), 0);
});

test("what a process erased and could not wipe is wiped by the next that opens the file", async (t) => {
	const { file, store } = openIn(t);
	const entry = marked(300);
	await store.insertBatch({ events: [entry.event], lost: [] });
	const reader = new Sqlite(file);
	t.teardown(() => reader.close());
	reader.exec("BEGIN");
	reader.prepare("SELECT count(*) FROM events").pluck().get();
	await store.erase([erasure(entry)]);
	await store.close();
	reader.exec("COMMIT");
	t.true(timesIn(file, entry.mark) > 0);
	const next = openSqliteStore(file);
	t.teardown(() => next.close());
	t.is(timesIn(file, entry.mark), 0);
});
