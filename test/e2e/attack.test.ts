/** The attacks of `npm run attack`, a few times each: docs/reliability.md has the figures of all. */
import test from "ava";
import { attackAll } from "../attack/battery.js";
import { MOST_MIB } from "../attack/judge.js";

test("whatever is sent, the server answers, stores nothing that it may not, and goes on", async (t) => {
	const { harms, stored, forbidden, poisoned, isAlive } = await attackAll(0.01, 20_261_125);
	t.true(isAlive);
	t.true(stored > 0, "some of what was sent was in order");
	t.deepEqual({ forbidden, poisoned }, { forbidden: [], poisoned: [] });
	for (const { attack, requests, answers, failures, silent, peakMiB } of harms) {
		t.deepEqual(
			failures.filter((failure) => failure !== "503 busy"),
			[],
			attack,
		);
		const answered = Object.values(answers).reduce((sum, count) => sum + count, 0);
		t.true(answered + silent >= requests, attack);
		t.true(peakMiB > 0 && peakMiB <= MOST_MIB, `${attack}: ${peakMiB} MiB`);
	}
});
