/** docs/wire-format.md and the program say the same. */
import { readFileSync } from "node:fs";
import test from "ava";
import { MAX_ENTRIES, MAX_FRAMES, MAX_REPORT_BYTES } from "../../../src/report/limits.js";
import { OPTIONAL_FIELDS } from "../../../src/report/optional-fields.js";
import { REPORT_SCHEMA } from "../../../src/report/schema.js";
import { ERASURE_VERDICTS, VERDICTS, type WireErasures } from "../../../src/report/wire.js";
import { DEFAULT_CONFIG } from "../../../src/server/config.js";
import { judgeReport, openBatch } from "../../../src/server/intake/batch.js";
import { ERASURE_REJECTIONS, LATERS, REFUSALS, REJECTIONS } from "../../../src/server/intake/codes.js";
import { judgeErasure, openErasures } from "../../../src/server/intake/erasures.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const page = readFileSync(new URL("../../../../docs/wire-format.md", import.meta.url), "utf8");

/** The lines of the part of the page under a heading. */
function part(heading: string): string {
	const start = page.indexOf(`${heading}\n`);
	const rest = page.slice(start + heading.length);
	const end = rest.search(/^#+ /m);
	return start < 0 ? "" : rest.slice(0, end < 0 ? undefined : end);
}

test("every refusal is explained with its status, and no other", (t) => {
	const rows = [...part("## Refusals").matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm)].map(([, status, code]) => [
		code,
		Number(status),
	]);
	t.deepEqual(Object.fromEntries(rows), REFUSALS);
});

test("every rejection is explained, and no other", (t) => {
	const rows = [...part("### Codes of rejected reports").matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
	t.deepEqual(rows, [...REJECTIONS]);
});

test("every reason to put a report off is explained, and no other", (t) => {
	const rows = [...part("### Codes of reports that are put off").matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
	t.deepEqual(rows, [...LATERS]);
});

test("the page on operating has every number of the configuration, with what it is, and no other", (t) => {
	const operating = readFileSync(new URL("../../../../docs/server.md", import.meta.url), "utf8");
	const rows = [...operating.matchAll(/^\| `(\w+)` \| .* \| (\d+) \|$/gm)].map(([, name, value]) => [
		name,
		Number(value),
	]);
	const numbers = Object.entries(DEFAULT_CONFIG).filter(([, value]) => typeof value === "number");
	t.deepEqual(Object.fromEntries(rows), Object.fromEntries(numbers));
});

test("every verdict on an erasure and every reason to reject one is explained, and no other", (t) => {
	const verdicts = [...part("## Erasures").matchAll(/^\| `(\w+)` \| .* \| .* \|$/gm)].map(([, verdict]) => verdict);
	t.deepEqual(verdicts, [...ERASURE_VERDICTS]);
	const codes = [...part("### Codes of rejected erasures").matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
	t.deepEqual(codes, [...ERASURE_REJECTIONS]);
});

test("every verdict is explained, and no other", (t) => {
	const rows = [...part("## The answer").matchAll(/^\| `(\w+)` \|/gm)].map(([, verdict]) => verdict);
	t.deepEqual(rows, [...VERDICTS]);
});

test("the limits are those of the program", (t) => {
	const { maxReports, maxErasures, maxBodyBytes, maxInflatedBytes } = DEFAULT_CONFIG;
	const limits = part("## Limits");
	t.true(
		limits.includes(
			`${MAX_REPORT_BYTES / KIB} KiB of JSON, ${MAX_ENTRIES} inputs, ${MAX_ENTRIES} keys of data, ${MAX_FRAMES} frames`,
		),
	);
	t.true(
		limits.includes(
			`${maxReports} reports, ${maxBodyBytes / MIB} MiB as sent, ${maxInflatedBytes / MIB} MiB once inflated`,
		),
	);
	t.true(limits.includes(`${maxErasures} of them`));
});

test("the limits on requests are those of the program", (t) => {
	const config = DEFAULT_CONFIG;
	const limits = part("## Limits");
	const header = `${config.maxHeaderBytes / KIB} KiB`;
	for (const words of [
		`${config.maxDepth} objects and arrays inside one another, ${config.maxParts.toLocaleString("en")} in all`,
		`whole within ${config.requestTimeoutMs / 1000} s`,
		`headers (${header}) within ${config.headersTimeoutMs / 1000} s`,
		`${config.requestsPerAddress} requests in ${config.rateWindowMs / 1000} s`,
		`${config.maxConnectionsPerAddress} connections at once`,
		`${config.requestsPerKey} batches in ${config.rateWindowMs / 1000} s`,
		`${config.maxConnections} connections, and ${config.maxBytesAtOnce / MIB} MiB of bodies`,
	]) {
		t.true(limits.includes(words), words);
	}
	t.true(part("## Refusals").includes(`longer than ${header}`));
	t.true(part("## Refusals").includes(`More than ${config.maxDepth} objects`));
});

test("the batch that the page shows is one", (t) => {
	const shown: unknown = JSON.parse(/```json\n(\{[\s\S]*?\n\})\n```/.exec(part("## A batch"))?.[1] ?? "");
	const batch = openBatch(shown, DEFAULT_CONFIG.maxReports);
	t.is(batch.reports.length, 1);
	for (const report of batch.reports) t.true("record" in judgeReport(report, 0, 0));
});

test("the erasures that the page shows are such, and name every field that cannot be taken out", (t) => {
	const erasures = part("## Erasures");
	const shown: WireErasures = JSON.parse(/```json\n(\{[\s\S]*?\n\})\n```/.exec(erasures)?.[1] ?? "");
	const opened = openErasures(shown, DEFAULT_CONFIG.maxErasures);
	t.is(opened.length, 2);
	for (const erasure of opened) t.true("record" in judgeErasure(erasure, { at: 0, receipt: "" }));
	const required = /Not to be taken out are (.*)\./.exec(erasures)?.[1]?.match(/\w+(?=`)/g) ?? [];
	t.deepEqual([...required, ...OPTIONAL_FIELDS].sort(), Object.keys(REPORT_SCHEMA.properties).sort());
});
