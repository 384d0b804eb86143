/** Who may read, and what administrators did: what every engine must do alike. */
import { randomBytes } from "node:crypto";
import type { TestFn } from "ava";
import type { NewSession } from "../../src/server/store/access-types.js";
import type { Store } from "../../src/server/store/types.js";
import { act } from "../helpers/access.js";
import type { OpenStore } from "./store.js";

const AT_MS = Date.UTC(2026, 0, 31, 12);
const digest = () => randomBytes(32);

async function addAda(store: Store): Promise<number> {
	await store.addAdministrator({ name: "ada", password: "hash" }, act({ at: AT_MS, what: "ada" }));
	return (await store.findAdministrator("ada"))?.id ?? 0;
}

function session(administratorId: number, changes: Partial<NewSession> = {}): NewSession {
	const over = { madeBefore: 0, usedBefore: 0 };
	return { digest: digest(), administratorId, at: AT_MS, replaces: null, over, ...changes };
}

export function accessContract(test: TestFn, open: OpenStore): void {
	test("an administrator's name is taken once, and each change leaves its act", async (t) => {
		const store = await open(t);
		t.false(await store.hasAdministrator());
		t.true(await store.addAdministrator({ name: "Ada <b>", password: "one" }, act({ at: AT_MS, what: "Ada <b>" })));
		t.false(await store.addAdministrator({ name: "Ada <b>", password: "two" }, act({ what: "Ada <b>" })));
		t.true(await store.hasAdministrator());
		t.like(await store.findAdministrator("Ada <b>"), { name: "Ada <b>", password: "one", madeAt: AT_MS });
		t.is(await store.findAdministrator("ada <b>"), undefined);
		t.deepEqual(
			(await store.acts({ limit: 10 })).map(({ at, act: name, what }) => [at, name, what]),
			[[AT_MS, "administrator_added", "Ada <b>"]],
		);
	});

	test("the last administrator stays", async (t) => {
		const store = await open(t);
		await addAda(store);
		const removed = act({ act: "administrator_removed" });
		t.is(await store.removeAdministrator("bob", removed), "unknown");
		t.is(await store.removeAdministrator("ada", removed), "last");
		await store.addAdministrator({ name: "bob", password: "hash" }, act());
		t.is(await store.removeAdministrator("ada", removed), "removed");
		t.deepEqual(
			(await store.administrators()).map(({ name }) => name),
			["bob"],
		);
	});

	test("sessions are found by their digest, and end alone, with their administrator, and with a new password", async (t) => {
		const store = await open(t);
		const ada = await addAda(store);
		await store.addAdministrator({ name: "bob", password: "hash" }, act());
		const [one, two, three] = [session(ada), session(ada), session(ada)];
		for (const each of [one, two, three]) await store.addSession(each, act({ act: "logged_in" }));
		t.like(await store.findSession(one.digest), { administratorId: ada, name: "ada", madeAt: AT_MS, usedAt: AT_MS });
		await store.touchSession(one.digest, AT_MS + 5);
		t.is((await store.findSession(one.digest))?.usedAt, AT_MS + 5);
		await store.removeSession(one.digest, act({ act: "logged_out" }));
		t.is(await store.findSession(one.digest), undefined);
		const four = session(ada, { replaces: two.digest });
		await store.addSession(four, act({ act: "logged_in" }));
		t.is(await store.findSession(two.digest), undefined);
		t.truthy(await store.findSession(three.digest));
		await store.setPassword({ name: "ada", password: "new" }, act({ act: "password_changed" }));
		for (const each of [three, four]) t.is(await store.findSession(each.digest), undefined);
		const five = session(ada);
		await store.addSession(five, act({ act: "logged_in" }));
		await store.removeAdministrator("ada", act({ act: "administrator_removed" }));
		t.is(await store.findSession(five.digest), undefined);
	});

	test("sessions that are over go when one is added", async (t) => {
		const store = await open(t);
		const ada = await addAda(store);
		const [old, unused, good] = [session(ada, { at: 10 }), session(ada, { at: 20 }), session(ada, { at: 30 })];
		for (const each of [old, unused, good]) await store.addSession(each, act());
		await store.touchSession(old.digest, 99);
		await store.addSession(session(ada, { over: { madeBefore: 11, usedBefore: 21 } }), act());
		t.is(await store.findSession(old.digest), undefined);
		t.is(await store.findSession(unused.digest), undefined);
		t.truthy(await store.findSession(good.digest));
	});

	test("of many who set up the first administrator at once one wins, whichever token they have", async (t) => {
		const store = await open(t);
		const [one, two, expired] = [digest(), digest(), digest()];
		await store.addSetupToken(expired, AT_MS - 1, AT_MS - 2);
		for (const each of [one, two]) await store.addSetupToken(each, AT_MS + 1000, AT_MS - 2);
		const setUp = (token: Buffer, name: string) =>
			store.setUp(token, { name, password: "hash" }, act({ at: AT_MS, what: name }));
		t.is(await setUp(digest(), "nobody"), undefined);
		t.is(await setUp(expired, "late"), undefined);
		t.true(await store.isSetupToken(one, AT_MS));
		const names = Array.from({ length: 8 }, (_, index) => `admin ${index}`);
		const ids = await Promise.all(names.map((name, index) => setUp(index % 2 === 0 ? one : two, name)));
		t.is(ids.filter((id) => id !== undefined).length, 1);
		t.is((await store.administrators()).length, 1);
		t.is((await store.acts({ limit: 10 })).length, 1);
		t.false(await store.isSetupToken(one, AT_MS));
		t.false(await store.isSetupToken(two, AT_MS));
	});

	test("a token is found until it is revoked, which is done once", async (t) => {
		const store = await open(t);
		const [all, one] = [digest(), digest()];
		const made = { madeBy: "ada", at: AT_MS };
		const first = await store.addToken(
			{ ...made, name: "all", project: null, digest: all },
			act({ act: "token_made" }),
		);
		const second = await store.addToken({ ...made, name: "ci", project: "dunovo", digest: one }, act());
		t.deepEqual(await store.findToken(one), { id: second, name: "ci", project: "dunovo", usedAt: null });
		t.is((await store.findToken(all))?.project, null);
		t.is(await store.findToken(digest()), undefined);
		await store.touchToken(first, AT_MS + 9);
		t.true(await store.revokeToken(second, act({ at: AT_MS + 1, act: "token_revoked" })));
		t.false(await store.revokeToken(second, act({ act: "token_revoked" })));
		t.false(await store.revokeToken(999, act({ act: "token_revoked" })));
		t.is(await store.findToken(one), undefined);
		t.deepEqual(
			(await store.tokens()).map(({ id, usedAt, revokedAt }) => [id, usedAt, revokedAt]),
			[
				[second, null, AT_MS + 1],
				[first, AT_MS + 9, null],
			],
		);
		const [revoked] = await store.acts({ limit: 1 });
		t.like(revoked, { act: "token_revoked", what: "ci" });
	});

	test("attempts to log in that come at once are all counted, each bucket in a window of its own", async (t) => {
		const store = await open(t);
		const many = await Promise.all(
			Array.from({ length: 20 }, (_, index) =>
				store.countLogin(index % 2 === 0 ? ["name:a", "address:b"] : ["address:b", "name:a"], AT_MS, 100),
			),
		);
		const last = many.flat().map(({ count }) => count);
		t.is(Math.max(...last), 20);
		t.is(last.filter((count) => count === 20).length, 2);
		const [next] = await store.countLogin(["name:a"], AT_MS + 50, 100);
		t.deepEqual(next, { count: 21, endsAt: AT_MS + 100 });
		t.deepEqual(await store.countLogin(["name:a"], AT_MS + 100, 100), [{ count: 1, endsAt: AT_MS + 200 }]);
		await store.forgetLogins(["name:a"]);
		t.is((await store.countLogin(["name:a", "address:b"], AT_MS + 50, 100))[0]?.count, 1);
	});

	test("acts are told newest first, some at a time", async (t) => {
		const store = await open(t);
		for (let at = 1; at <= 5; at++)
			await store.record(act({ at, act: "project_erased", what: `p${at}`, source: "192.0.2.0" }));
		const newest = await store.acts({ limit: 2 });
		t.deepEqual(
			newest.map(({ at }) => at),
			[5, 4],
		);
		t.like(newest[0], { act: "project_erased", what: "p5", who: null, source: "192.0.2.0" });
		const rest = await store.acts({ before: newest[1]?.id, limit: 10 });
		t.deepEqual(
			rest.map(({ at }) => at),
			[3, 2, 1],
		);
	});
}
