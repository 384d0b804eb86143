/** The uploader's memory, and what leaves the spool's folders. */
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { LowSync } from "lowdb";
import { DurableJson } from "../../src/document/durable.js";
import {
	ORPHAN_AGE_MS,
	type RejectedEnvelope,
	remove,
	removeAll,
	removeOrphans,
	setAsideRejected,
} from "../../src/spool/remove.js";
import { NEW_ENDPOINT, NEW_STATE, readState, type UploaderState, writeState } from "../../src/spool/state.js";
import { fillSpool, namesIn, putReport, temporarySpool, testEnvelope } from "../helpers/spool.js";

const ENDPOINT = "https://et.example.org";

test("a state is read as it was written, and the next replaces it", (t) => {
	const folders = temporarySpool(t);
	const state: UploaderState = { ...NEW_STATE, pid: 7, endpoints: { [ENDPOINT]: { ...NEW_ENDPOINT, failures: 3 } } };
	writeState(folders, state);
	writeState(folders, { ...state, pid: 8 });
	t.deepEqual(readState(folders), { ...state, pid: 8 });
	t.deepEqual(namesIn(folders.tmp), []);
});

test("a state that can't be read is a new one, and not shared", (t) => {
	const folders = temporarySpool(t);
	t.deepEqual(readState(folders), NEW_STATE);
	readState(folders).endpoints[ENDPOINT] = NEW_ENDPOINT;
	t.deepEqual(NEW_STATE.endpoints, {});
	for (const content of ["", "{", "null", '{"et":2,"endpoints":{}}', '{"et":1}', '{"et":1,"endpoints":null}']) {
		writeFileSync(folders.state, content);
		t.deepEqual(readState(folders), NEW_STATE, content);
	}
	writeFileSync(folders.state, '{"et":1,"endpoints":{},"pid":3}');
	t.deepEqual(readState(folders), { ...NEW_STATE, pid: 3 });
});

test("a file is removed once", async (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders);
	t.true(remove(folders.new, name));
	t.false(remove(folders.new, name));
	fillSpool(folders, 20);
	t.deepEqual(await removeAll(folders.new, [...namesIn(folders.new), name]), []);
	t.deepEqual(namesIn(folders.new), []);
});

test("a refused report is set aside with the server's reason, also after a crash in between", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders);
	const envelope = testEnvelope();
	const rejection = { at: "2026-01-01T00:00:00.000Z", code: "bad_field", message: "wall_s must be a number" };
	writeFileSync(join(folders.tmp, `${name}.rejected`), "half");
	setAsideRejected(folders, name, envelope, rejection);
	setAsideRejected(folders, name, envelope, rejection);
	t.deepEqual([namesIn(folders.new), namesIn(folders.tmp), namesIn(folders.rejected)], [[], [], [name]]);
	const adapter = new DurableJson<RejectedEnvelope>("", join(folders.rejected, name));
	const low = new LowSync<RejectedEnvelope | null>(adapter as DurableJson<RejectedEnvelope | null>, null);
	low.read();
	t.deepEqual(low.data, { ...envelope, rejected: rejection });
});

test("what writers that died left in tmp/ goes after a day", (t) => {
	const folders = temporarySpool(t);
	const nowMs = Date.now();
	for (const [name, ageMs] of [
		["old", ORPHAN_AGE_MS + 60_000],
		["young", ORPHAN_AGE_MS - 60_000],
	] as const) {
		writeFileSync(join(folders.tmp, name), "");
		utimesSync(join(folders.tmp, name), (nowMs - ageMs) / 1000, (nowMs - ageMs) / 1000);
	}
	t.is(removeOrphans(folders, nowMs), 1);
	t.deepEqual(namesIn(folders.tmp), ["young"]);
	t.is(removeOrphans({ ...folders, tmp: join(folders.root, "none") }, nowMs), 0);
});
