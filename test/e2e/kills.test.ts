/** Every attack of `npm run soak`, a few times each: nothing is lost, and nothing is there twice. */
import test from "ava";
import { ATTACKS } from "../soak/attacks.js";
import { World } from "../soak/world.js";

const A_FEW: Readonly<Record<string, number>> = {
	writers: 3,
	uploaders: 3,
	folders: 2,
	servers: 2,
	cluster: 1,
	leases: 2,
	disks: 1,
};

for (const [name, attack] of Object.entries(ATTACKS)) {
	const times = A_FEW[name] ?? 1;
	const run = attack.isPossible?.() === false ? test.serial.skip : test.serial;
	run(`${name}, attacked ${times} times: nothing is lost, and nothing is there twice`, async (t) => {
		t.timeout(300_000);
		const world = await World.create();
		t.teardown(() => world.close());
		const toll = await attack.run(world, times);
		t.is(toll.times, times);
		t.true(toll.queued > 0);
		t.true(toll.onServer >= toll.queued, "a script may die between being queued and saying so");
		t.deepEqual({ ...toll, lost: 0, twice: 0, pending: 0, dropped: 0 }, toll);
	});
}
