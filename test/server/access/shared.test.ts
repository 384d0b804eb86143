/** Several servers on one PostgreSQL: who is let in by one is let in by all, and guesses are counted together. */
import type { ExecutionContext } from "ava";
import { ADA, addAdministrator, addToken, hiddenFields, Visit } from "../../helpers/access.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { testServer } from "../../helpers/server.js";

async function twoServers(t: ExecutionContext, config = {}) {
	const database = await emptyDatabase(t);
	const [one, other] = [await testServer(t, { database, config }), await testServer(t, { database, config })];
	return { one, other };
}

/** The same browser, sent to another server by a balancer. */
function sentTo(visit: Visit, server: { url: string }): Visit {
	const sent = new Visit(server);
	for (const [name, value] of visit.cookies) sent.cookies.set(name, value);
	return sent;
}

withPostgres(
	"a login at one server counts at the other, and so does its end; a form of one is taken by the other",
	async (t) => {
		const { one, other } = await twoServers(t);
		t.is((await new Visit(other).get("/")).status, 200, "nobody has to log in yet");
		await addAdministrator(one.store);
		t.is((await new Visit(other).get("/")).status, 303, "at once, at both");
		const visit = new Visit(one);
		const form = hiddenFields((await visit.get("/login")).text, "/login");
		const there = sentTo(visit, other);
		t.is((await there.post("/login", { ...form, ...ADA })).status, 303);
		const back = sentTo(there, one);
		t.is((await back.get("/")).status, 200);
		t.is((await back.fill("/", "/logout", {})).status, 303);
		t.is((await there.get("/")).status, 303);
		const token = await addToken(one.store, null);
		const program = new Visit(other, { authorization: `Bearer ${token}` });
		t.is((await program.get("/v1/runs")).status, 200);
		const [kept] = await one.store.tokens();
		await one.store.revokeToken(kept?.id ?? 0, { at: 1, who: null, act: "token_revoked", what: null, source: null });
		t.is((await program.get("/v1/runs")).status, 401);
	},
);

withPostgres("guesses at several servers at once are no more than at one", async (t) => {
	const { one, other } = await twoServers(t, { loginsPerName: 4 });
	await addAdministrator(one.store);
	const visits = await Promise.all(
		Array.from({ length: 12 }, async (_, index) => {
			const visit = new Visit(index % 2 === 0 ? one : other);
			return { visit, form: hiddenFields((await visit.get("/login")).text, "/login") };
		}),
	);
	const answers = await Promise.all(
		visits.map(({ visit, form }) => visit.post("/login", { ...form, name: "ada", password: "a guess of somebody" })),
	);
	t.is(answers.filter(({ status }) => status === 403).length, 4);
	t.is(answers.filter(({ status }) => status === 429).length, 8);
	t.is((await new Visit(other).logIn()).status, 429);
});

withPostgres("of two servers' addresses for the set-up that are used at the same moment one works", async (t) => {
	const { one, other } = await twoServers(t);
	const fields = { password: ADA.password, again: ADA.password };
	const ready = await Promise.all(
		[one, other].map(async (server, index) => {
			const path = ((await server.offerSetup()) ?? "").slice(server.url.length);
			const visit = new Visit(server);
			return {
				visit,
				form: { ...hiddenFields((await visit.get(path)).text, "/setup"), ...fields, name: `n ${index}` },
			};
		}),
	);
	const answers = await Promise.all(ready.map(({ visit, form }) => visit.post("/setup", form)));
	t.deepEqual(answers.map(({ status }) => status).sort(), [303, 403]);
	t.is((await one.store.administrators()).length, 1);
});
