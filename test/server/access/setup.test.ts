/** The first administrator: by a token that is printed, expires, and works once. */
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import { USUAL_COST } from "../../../src/server/access/passwords.js";
import { newSecret, SETUP_PREFIX } from "../../../src/server/access/secrets.js";
import { ADA, addAdministrator, hiddenFields, Visit } from "../../helpers/access.js";
import { testServer } from "../../helpers/server.js";

const GOOD = { ...ADA, again: ADA.password };

/** The path of the set-up, as it is printed. */
async function offered(server: { url: string; offerSetup(): Promise<string | null> }): Promise<string> {
	return ((await server.offerSetup()) ?? "").slice(server.url.length);
}

/** All bytes of the database, its log included. */
function stored(t: ExecutionContext, database: string): string {
	const db = new Sqlite(database, { readonly: true });
	t.teardown(() => db.close());
	return db.serialize().toString("latin1");
}

test("name and password are set once, and whoever did is logged in; the database has neither token nor password", async (t) => {
	const server = await testServer(t);
	const path = await offered(server);
	t.regex(path, /^\/setup\?token=ets_[A-Za-z0-9_-]{43}$/);
	const visit = new Visit(server);
	t.regex((await visit.get(path)).text, /Set up an administrator/);
	const done = await visit.fill(path, "/setup", GOOD);
	t.is(done.location, "/");
	t.regex((await visit.get("/")).text, />ada<\/a>/);
	const { password } = (await server.store.findAdministrator("ada")) ?? { password: "" };
	t.regex(password, /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
	t.is(USUAL_COST.ln, 15);
	const bytes = stored(t, server.database);
	for (const secret of [ADA.password, path.slice(13), visit.cookies.get("et_session") ?? ""]) {
		t.false(bytes.includes(secret));
	}
	t.true(bytes.includes("$scrypt$"), "the bytes that are looked at are those of the table");

	t.is((await new Visit(server).get(path)).status, 403);
	t.is(await server.offerSetup(), null);
});

test("of two browsers that use it at the same moment one wins", async (t) => {
	const server = await testServer(t);
	const path = await offered(server);
	const visits = Array.from({ length: 4 }, () => new Visit(server));
	const forms = await Promise.all(visits.map(async (visit) => hiddenFields((await visit.get(path)).text, "/setup")));
	const answers = await Promise.all(
		visits.map((visit, index) => visit.post("/setup", { ...forms[index], ...GOOD, name: `admin ${index}` })),
	);
	t.deepEqual(answers.map(({ status }) => status).sort(), [303, 403, 403, 403]);
	t.is((await server.store.administrators()).length, 1);
	const open = await Promise.all(visits.map(async (visit) => (await visit.get("/")).status));
	t.deepEqual(open.sort(), [200, 303, 303, 303]);
});

test("one that has expired, is made up, cut, or of another server opens nothing", async (t) => {
	let now = Date.now();
	const server = await testServer(t, { clock: () => now, config: { setupTokenMs: 60_000 } });
	const other = await testServer(t);
	const path = await offered(server);
	const tokens = [
		newSecret(SETUP_PREFIX),
		"",
		"x",
		path.slice(13, -1),
		`${path.slice(13)}x`,
		(await offered(other)).slice(13),
	];
	const visit = new Visit(server);
	const form = hiddenFields((await visit.get(path)).text, "/setup");
	for (const token of tokens) {
		t.is((await visit.get(`/setup?token=${token}`)).status, 403, token);
		t.is((await visit.post("/setup", { ...form, token, ...GOOD })).status, 403, token);
	}
	t.is((await visit.get("/setup")).status, 403);
	t.is((await visit.get(`${path}&token=x`)).status, 403);
	now += 60_000;
	t.is((await visit.get(path)).status, 403);
	t.is((await visit.post("/setup", { ...form, ...GOOD })).status, 403);
	t.deepEqual(await server.store.administrators(), []);
	t.is((await visit.fill(await offered(server), "/setup", GOOD)).status, 303, "a new one works");
});

test("what is wrong with name or password is said, and the token stays good", async (t) => {
	const server = await testServer(t);
	const path = await offered(server);
	const visit = new Visit(server);
	const wrong: [fields: Record<string, string>, said: RegExp][] = [
		[{ ...GOOD, password: "short", again: "short" }, /has 5 characters; it needs 12 at least/],
		[{ ...GOOD, password: "", again: "" }, /has 0 characters/],
		[{ ...GOOD, again: "another one here" }, /The two passwords differ/],
		[{ ...GOOD, password: "aaaaaaaaaaaaaaa", again: "aaaaaaaaaaaaaaa" }, /fewer than 4 different/],
		[{ name: "administrator", password: "Administrator", again: "Administrator" }, /The password is the name/],
		[{ ...GOOD, name: "" }, /1 to 128 characters/],
		[{ ...GOOD, name: "a\u0000b" }, /1 to 128 characters/],
		[{ ...GOOD, name: "a\u202eb" }, /1 to 128 characters/],
		[{ ...GOOD, password: "x1y2".repeat(100), again: "x1y2".repeat(100) }, /more than 256/],
	];
	for (const [fields, said] of wrong) {
		const answer = await visit.fill(path, "/setup", fields);
		t.is(answer.status, 422, String(said));
		t.regex(answer.text, said);
		t.notRegex(answer.text, new RegExp(`value="${ADA.password}"`));
	}
	t.is((await visit.fill(path, "/setup", { ...GOOD, name: "  Ada Lovelace " })).status, 303);
	t.truthy(await server.store.findAdministrator("Ada Lovelace"));
});

test("an address that was printed before an administrator came from the console opens nothing", async (t) => {
	const server = await testServer(t);
	const path = await offered(server);
	await addAdministrator(server.store);
	t.is((await new Visit(server).get(path)).status, 403);
	t.is(await server.offerSetup(), null);
});

test("without the form's key of this browser the set-up is refused, and the token stays good", async (t) => {
	const server = await testServer(t);
	const path = await offered(server);
	const token = path.slice(13);
	t.is((await new Visit(server).post("/setup", { token, ...GOOD })).status, 403);
	const stranger = hiddenFields((await new Visit(server).get(path)).text, "/setup");
	t.is((await new Visit(server).post("/setup", { ...stranger, ...GOOD })).status, 403);
	t.is((await new Visit(server).fill(path, "/setup", GOOD)).status, 303);
});
