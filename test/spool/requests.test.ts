/** What is asked of servers: kept until answered, each in a document of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { keepRequest, removeRequest, requestEntries, type ServerRequest } from "../../src/spool/requests.js";
import { temporarySpool } from "../helpers/spool.js";

const REQUEST: ServerRequest = {
	et: 1,
	id: "01890a5d-ac96-774b-bcce-b302099a8057",
	asked_at: "2026-01-01T00:00:00.000Z",
	kind: "erase",
	endpoint: "https://et.example.org",
	project: "dunovo",
	run_id: "d65df89f702eec58ca3c7bf2001c9ffc",
	key: "000102030405060708090a0b0c0d0e0f",
	report_id: null,
	fields: [],
	answered_at: null,
	verdict: null,
	receipt: null,
	message: null,
};

test("a request is kept, answered in its place, and taken away", (t) => {
	const folders = temporarySpool(t);
	t.deepEqual(requestEntries(folders), []);
	keepRequest(folders, { ...REQUEST, id: "b", asked_at: "2026-01-02T00:00:00.000Z" });
	keepRequest(folders, REQUEST);
	t.deepEqual(
		requestEntries(folders).map(({ request }) => request.id),
		[REQUEST.id, "b"],
	);
	const answered: ServerRequest = {
		...REQUEST,
		answered_at: "2026-01-03T00:00:00.000Z",
		verdict: "erased",
		receipt: "r",
	};
	keepRequest(folders, answered);
	const [first] = requestEntries(folders);
	t.deepEqual(first?.request, answered);
	if (first !== undefined) removeRequest(folders, first);
	t.is(requestEntries(folders).length, 1);
});

test("what is no request is passed over", (t) => {
	const folders = temporarySpool(t);
	keepRequest(folders, REQUEST);
	writeFileSync(join(folders.requests, "0000000000001-x.json"), "{");
	writeFileSync(join(folders.requests, "0000000000002-x.json"), JSON.stringify({ ...REQUEST, fields: [1] }));
	t.is(requestEntries(folders).length, 1);
});
