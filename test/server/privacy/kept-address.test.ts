import { isIP } from "node:net";
import test from "ava";
import fc from "fast-check";
import { ADDRESS_POLICIES } from "../../../src/report/manifest.js";
import {
	bothAllow,
	broughtDown,
	KEEPINGS,
	type Keeping,
	keptOf,
	stricter,
} from "../../../src/server/privacy/kept-address.js";

const KEY = Buffer.alloc(32, 1);
const OTHER_KEY = Buffer.alloc(32, 2);

const address = fc.oneof(fc.ipV4(), fc.ipV6());

test("an address is kept in one form, however it is written", (t) => {
	const kept = (text: string) => keptOf(text, "full", KEY).address;
	t.is(kept("192.0.2.7"), "192.0.2.7");
	t.is(kept("::ffff:192.0.2.7"), "192.0.2.7");
	t.is(kept("::FFFF:c000:0207"), "192.0.2.7");
	t.is(kept("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1");
	t.is(kept("fe80::1%eth0"), "fe80::1");
	for (const text of ["", "unknown", "_hidden", "192.0.2", "192.0.2.7:8080", "<script>"]) t.is(kept(text), null, text);
});

test("the first part of an address is 24 bits of IPv4 and 48 of IPv6, whatever IPv4 is wrapped in", (t) => {
	const kept = (text: string) => keptOf(text, "truncated", KEY).address;
	t.is(kept("192.0.2.7"), "192.0.2.0/24");
	t.is(kept("::ffff:192.0.2.7"), "192.0.2.0/24");
	t.is(kept("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
	t.is(kept("2001:db8::1"), "2001:db8::/48");
	t.is(kept("::1"), "::/48");
	t.is(kept("2002:c000:0207:1::1"), "2002:c000:200::/40");
});

test("what is kept of two addresses is alike where it should be, and nowhere else", (t) => {
	const source = (text: string, keeping: Keeping, key = KEY) => keptOf(text, keeping, key).source;
	t.is(source("192.0.2.7", "hashed"), source("::ffff:192.0.2.7", "hashed"));
	t.not(source("192.0.2.7", "hashed"), source("192.0.2.8", "hashed"));
	t.not(source("192.0.2.7", "hashed"), source("192.0.2.7", "hashed", OTHER_KEY));
	t.is(source("192.0.2.7", "hashed-truncated"), source("192.0.2.8", "hashed-truncated"));
	t.not(source("192.0.2.7", "hashed-truncated"), source("192.0.3.7", "hashed-truncated"));
	t.is(source("192.0.2.7", "truncated"), source("192.0.2.8", "truncated"));
	t.is(source("192.0.2.7", "none"), null);
});

test("a kept address has no more than both policies allow", (t) => {
	fc.assert(
		fc.property(
			fc.constantFrom(...ADDRESS_POLICIES),
			fc.constantFrom(...ADDRESS_POLICIES),
			address,
			(one, other, text) => {
				const policies = [one, other];
				const kept = keptOf(text, bothAllow(one, other), KEY);
				t.deepEqual(kept, keptOf(text, bothAllow(other, one), KEY));
				t.is(
					kept.address !== null && isIP(kept.address) !== 0,
					policies.every((policy) => policy === "full"),
				);
				if (policies.includes("hashed")) t.is(kept.address, null);
				if (policies.includes("truncated")) t.false(kept.source?.startsWith("a") ?? false);
				t.is(kept.source === null, policies.includes("none"));
			},
		),
	);
});

test("what is brought down has no more than what is allowed, and brought down again it stays", (t) => {
	const keeping = fc.constantFrom(...KEEPINGS);
	fc.assert(
		fc.property(keeping, keeping, address, (before, after, text) => {
			const down = broughtDown(keptOf(text, before, KEY), after, OTHER_KEY);
			const allowed = keptOf(text, after, OTHER_KEY);
			if (down.address !== null)
				t.true([allowed.address, keptOf(text, "truncated", KEY).address].includes(down.address));
			if (allowed.address === null) t.is(down.address, null);
			if (after !== "full" && after !== "hashed") t.false(down.source?.startsWith("a") ?? false);
			if (after === "none") t.is(down.source, null);
			t.deepEqual(broughtDown(down, after, Buffer.alloc(32, 3)), down);
		}),
	);
});

test("a hash of a whole address goes where only a first part may stay", (t) => {
	const hashed = keptOf("192.0.2.7", "hashed", KEY);
	t.deepEqual(broughtDown(hashed, "truncated", KEY), { address: null, source: null });
	t.deepEqual(broughtDown(hashed, "hashed", KEY), hashed);
	t.is(broughtDown(keptOf("192.0.2.7", "full", KEY), "truncated", KEY).address, "192.0.2.0/24");
});

test("of two policies the stricter tells less", (t) => {
	t.is(stricter("full", "none"), "none");
	t.is(stricter("hashed", "truncated"), "hashed");
	t.is(stricter("truncated", "full"), "truncated");
});
