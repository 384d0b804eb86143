/** What every engine must do alike with addresses: keep them by the policy, and bring them down. */
import type { ExecutionContext, TestFn } from "ava";
import type { AddressPolicy } from "../../src/report/manifest.js";
import { ADDRESS_WINDOW_MS, UPKEEP_STEP } from "../../src/server/config.js";
import { type Keeping, keptOf } from "../../src/server/privacy/kept-address.js";
import type { EventRecord, Store } from "../../src/server/store/types.js";
import { bringDown } from "../../src/server/upkeep/bring-down.js";
import { testManifest } from "../helpers/manifest.js";
import { uuid } from "../helpers/server.js";
import { eventRecord, type OpenStore } from "./store.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const KEY = Buffer.alloc(32, 7);

/** An event from an address, under a version of the notice. */
function eventFrom(address: string, keeping: Keeping, notice: number, changes: Partial<EventRecord> = {}): EventRecord {
	const event = eventRecord({ id: uuid(), ...keptOf(address, keeping, KEY), ...changes });
	return { ...event, report: JSON.stringify({ ...JSON.parse(event.report), manifest_notice: notice }) };
}

async function kept(store: Store, { project, runId }: EventRecord) {
	const [event] = await store.runEvents(project, runId);
	return event && { address: event.address, source: event.source };
}

async function registerNotice(store: Store, version: number, addresses: AddressPolicy): Promise<void> {
	const { notice } = testManifest();
	const manifest = testManifest({ notice: { ...notice, version, addresses } });
	await store.register({ project: "dunovo", manifest, at: 1 });
}

export function addressContract(test: TestFn, open: OpenStore): void {
	test("nothing is kept of addresses before an operator chooses", async (t) => {
		const store = await open(t);
		t.deepEqual(await store.addressSetting(), {
			policy: "none",
			windowMs: ADDRESS_WINDOW_MS,
			epoch: 0,
			isPending: false,
		});
		const event = eventFrom("192.0.2.7", "full", 1);
		t.deepEqual(await store.insertBatch({ addressEpoch: 0, events: [event], lost: [] }), ["accepted"]);
		t.deepEqual(await kept(store, event), { address: null, source: null });
	});

	test("an address is stored under the policy that it was prepared for, and under no other", async (t) => {
		const store = await open(t);
		const { epoch } = await store.setAddresses("full", DAY_MS);
		const [event, late, without] = [
			eventFrom("192.0.2.7", "full", 1),
			eventFrom("192.0.2.8", "full", 1),
			eventFrom("192.0.2.9", "full", 1),
		] as const;
		await store.insertBatch({ addressEpoch: epoch, events: [event], lost: [] });
		t.deepEqual(await kept(store, event), { address: event.address, source: event.source });
		t.is(event.address, "192.0.2.7");

		t.deepEqual(await store.setAddresses("hashed", DAY_MS), {
			policy: "hashed",
			windowMs: DAY_MS,
			epoch: epoch + 1,
			isPending: true,
		});
		t.deepEqual(await store.insertBatch({ addressEpoch: epoch, events: [late], lost: [] }), ["accepted"]);
		t.deepEqual(await kept(store, late), { address: null, source: null });
		await store.insertBatch({ events: [without], lost: [] });
		t.deepEqual(await kept(store, without), { address: null, source: null });
	});

	test("a key is the same for all who ask in its window, and destroyed with it and with each change", async (t) => {
		const store = await open(t);
		await store.setAddresses("hashed", DAY_MS);
		const keys = await Promise.all([1, 2, 3].map(() => store.addressKey(DAY_MS)));
		t.is(keys[0]?.length, 32);
		t.true(keys.every((key) => key.equals(keys[0] as Buffer)));
		t.false((await store.addressKey(2 * DAY_MS)).equals(keys[0] as Buffer));
		t.false((await store.addressKey(DAY_MS)).equals(keys[0] as Buffer));

		const third = await store.addressKey(3 * DAY_MS);
		await store.destroyOldKeys(3 * DAY_MS - 1);
		t.deepEqual(await store.addressKey(3 * DAY_MS), third);
		await store.destroyOldKeys(3 * DAY_MS);
		t.notDeepEqual(await store.addressKey(3 * DAY_MS), third);

		const fourth = await store.addressKey(4 * DAY_MS);
		await store.setAddresses("hashed", DAY_MS);
		t.notDeepEqual(await store.addressKey(4 * DAY_MS), fourth);
	});

	test("what is stored is brought down to the policy and to each report's notice, in steps", async (t) => {
		const store = await open(t);
		await registerNotice(store, 1, "full");
		await registerNotice(store, 2, "hashed");
		const { epoch } = await store.setAddresses("full", DAY_MS);
		const many = Array.from({ length: UPKEEP_STEP + 1 }, () => eventFrom("192.0.2.7", "full", 1));
		const [early, other] = [
			eventFrom("192.0.2.8", "full", 1, { receivedAt: 0 }),
			eventFrom("198.51.100.1", "full", 1, { receivedAt: 2 * DAY_MS }),
		] as const;
		const noticed = eventFrom("192.0.2.7", "full", 2);
		const unknown = eventFrom("192.0.2.7", "hashed", 3);
		const events = [...many, early, other, noticed, unknown];
		await store.insertBatch({ addressEpoch: epoch, events, lost: [] });
		t.is(await bringDown(store), 1);
		t.deepEqual(await kept(store, noticed), { address: null, source: noticed.source });
		t.deepEqual(await kept(store, early), { address: "192.0.2.8", source: early.source });

		await store.setAddresses("truncated", DAY_MS);
		t.true((await store.addressSetting()).isPending);
		t.is(await bringDown(store), events.length);
		t.false((await store.addressSetting()).isPending);
		const first = await kept(store, many[0] as EventRecord);
		t.is(first?.address, "192.0.2.0/24");
		t.deepEqual(await kept(store, many.at(-1) as EventRecord), first);
		const ofOther = await kept(store, other);
		t.is(ofOther?.address, "198.51.100.0/24");
		t.not(ofOther?.source, first?.source);
		// Of the same network, in another window.
		const ofEarly = await kept(store, early);
		t.is(ofEarly?.address, "192.0.2.0/24");
		t.not(ofEarly?.source, first?.source);
		for (const event of [noticed, unknown]) t.deepEqual(await kept(store, event), { address: null, source: null });
		t.is(await bringDown(store), 0);

		await store.setAddresses("hashed", DAY_MS);
		await bringDown(store);
		t.deepEqual(await kept(store, early), { address: null, source: ofEarly?.source ?? null });
		await store.setAddresses("none", DAY_MS);
		t.is(await bringDown(store), many.length + 2);
		t.deepEqual(await kept(store, early), { address: null, source: null });
	});

	test("a policy that changes while it is applied stays to be applied", async (t: ExecutionContext) => {
		const store = await open(t);
		const { epoch } = await store.setAddresses("full", DAY_MS);
		await store.setAddresses("none", DAY_MS);
		await store.noteBroughtDown(epoch);
		t.true((await store.addressSetting()).isPending);
	});
}
