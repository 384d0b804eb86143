/** The test vector that docs/spool-format.md gives to writers in other languages. */
import { readFileSync } from "node:fs";
import test from "ava";
import { runIdOf } from "../../src/report/ids.js";

test("the page's erase key makes the page's run id", (t) => {
	const page = readFileSync(new URL("../../../docs/spool-format.md", import.meta.url), "utf8");
	const [, key, runId] = /the key `([0-9a-f]{32})` gives the run id `([0-9a-f]{32})`/.exec(page) ?? [];
	t.is(runIdOf(key ?? ""), runId ?? "absent");
});
