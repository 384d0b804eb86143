/** The parts of which the listener's limits are made. */
import test from "ava";
import fc from "fast-check";
import { addressSet, LOOPBACK } from "../../../src/server/http/addresses.js";
import { Budget } from "../../../src/server/http/budget.js";
import { admit, leave } from "../../../src/server/http/connections.js";
import { clientOf } from "../../../src/server/http/rate.js";
import { Refusal } from "../../../src/server/http/refusal.js";

test("a set has its addresses and networks, also where IPv4 comes as IPv6, and nothing else", (t) => {
	const set = addressSet(["192.0.2.1", "198.51.100.0/24", "2001:db8::/32"]);
	for (const address of ["192.0.2.1", "::ffff:192.0.2.1", "198.51.100.200", "2001:db8:1::1"]) {
		t.true(set.has(address), address);
	}
	for (const address of ["192.0.2.2", "198.51.101.1", "2001:db9::1", "", "localhost", "<b>"]) {
		t.false(set.has(address), address);
	}
	t.true(LOOPBACK.has("127.1.2.3"));
	t.true(LOOPBACK.has("::1"));
	t.true(LOOPBACK.has("::ffff:127.0.0.1"));
	t.false(LOOPBACK.has("10.0.0.1"));
});

test("what is no address and no network is no set", (t) => {
	for (const text of [
		"",
		"all",
		"*",
		"0.0.0.0/0",
		"::/0",
		"10.0.0.0/33",
		"10.0.0.0/8/8",
		"10.0.0.0/x",
		"10.0.0/8",
		"1",
	]) {
		t.throws(() => addressSet([text]), { instanceOf: RangeError }, text);
	}
});

test("a client of IPv4 is its address, one of IPv6 its network, and any text is one client", (t) => {
	t.is(clientOf({ ip: "192.0.2.1" }), "192.0.2.1");
	t.is(clientOf({ ip: "::ffff:192.0.2.1" }), "192.0.2.1");
	t.is(clientOf({ ip: "2001:db8::1" }), clientOf({ ip: "2001:db8::ffff:1" }));
	t.not(clientOf({ ip: "2001:db8::1" }), clientOf({ ip: "2001:db8:0:1::1" }));
	t.is(clientOf({ ip: "fe80::1%eth0" }), clientOf({ ip: "fe80::2" }));
	t.is(clientOf({ ip: "<script>" }), "unknown");
	fc.assert(fc.property(fc.string(), (ip) => clientOf({ ip }).length <= 45));
});

test("a budget holds no more than it may, and has everything back in the end", (t) => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(60)), { maxLength: 50 }), (steps) => {
			const budget = new Budget(100);
			const shares = Array.from({ length: 5 }, () => budget.share());
			for (const [place, bytes] of steps) {
				const share = shares[place];
				if (share === undefined) shares[bytes % 5]?.release();
				else {
					const before = budget.used;
					try {
						share.grow(bytes);
						t.is(budget.used, before + bytes);
					} catch (error) {
						t.true(error instanceof Refusal && error.code === "busy");
						t.true(before + bytes > 100);
						t.is(budget.used, before);
					}
				}
				t.true(budget.used >= 0 && budget.used <= 100);
			}
			const [first, second] = shares;
			const before = budget.used;
			first?.shrink(1_000);
			second?.shrink(0);
			t.true(budget.used <= before && budget.used >= 0);
			for (const share of shares) share.release();
			t.is(budget.used, 0);
		}),
	);
});

test("an address has as many connections as it may, and is forgotten with its last", (t) => {
	const open = new Map<string, number>();
	t.deepEqual(
		[1, 2, 3].map(() => admit(open, "192.0.2.1", 2)),
		[true, true, false],
	);
	t.true(admit(open, "192.0.2.2", 2));
	leave(open, "192.0.2.1");
	t.true(admit(open, "192.0.2.1", 2));
	for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) leave(open, address);
	t.is(open.size, 0);
});
