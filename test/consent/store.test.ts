/** Decisions on disk: what can't be read means no. */
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { deny, grant } from "../../src/consent/change.js";
import { mayKeep } from "../../src/consent/decide.js";
import { NO_POLICY, policyAllows, readSitePolicy } from "../../src/consent/policy.js";
import { type ConsentRecord, grantedManifest, parseRecord } from "../../src/consent/record.js";
import { ConsentStore } from "../../src/consent/store.js";
import { EtError } from "../../src/errors.js";
import { ENDPOINT, testManifest } from "../helpers/manifest.js";
import { temporaryFolder } from "../helpers/temporary.js";

const MANIFEST = testManifest();
const change = { now: new Date("2026-01-01T00:00:00.000Z"), how: "test" };
const GRANTED = grant(MANIFEST, "granted", null, "grant-1", change);

/** Contents of a decision's file that are no decision. */
const NO_DECISIONS: Record<string, string> = {
	empty: "",
	truncated: JSON.stringify(GRANTED).slice(0, 40),
	null: "null",
	list: "[]",
	binary: "\u0000\u0001\ufffd",
	"of another format": JSON.stringify({ ...GRANTED, et: 2 }),
	"of another project": JSON.stringify({ ...GRANTED, project: "other" }),
	"of no mode": JSON.stringify({ ...GRANTED, mode: "maybe" }),
	"without a date": JSON.stringify({ ...GRANTED, since: "lately" }),
	"granted, but without a grant": JSON.stringify({ ...GRANTED, grant: null }),
	"with a restriction that can't be read": JSON.stringify({
		...GRANTED,
		grant: { ...GRANTED.grant, without: "platform" },
	}),
	"with half a grant": JSON.stringify({ ...GRANTED, grant: { ...GRANTED.grant, text: undefined } }),
};

test("each reading is that of the file as it is now", (t) => {
	const store = new ConsentStore(temporaryFolder(t));
	store.write(GRANTED);
	t.like(store.read("dunovo"), { state: "decided", record: { mode: "granted" } });
	store.write(deny({ ...change, project: "dunovo" }));
	t.like(store.read("dunovo"), { state: "decided", record: { mode: "denied" } });
	writeFileSync(store.path("other"), readFileSync(store.path("dunovo")));
	t.is(store.read("other").state, "unreadable");
	t.like(store.read("dunovo"), { state: "decided", record: { mode: "denied" } });
});

for (const [name, content] of Object.entries(NO_DECISIONS)) {
	test(`a file that is ${name} means no, also under the flag`, (t) => {
		const store = new ConsentStore(temporaryFolder(t));
		writeFileSync(store.path("dunovo"), content);
		const reading = store.read("dunovo");
		t.is(reading.state, "unreadable");
		t.false(mayKeep(MANIFEST, true, { env: {}, policy: NO_POLICY, reading }).keep);
	});
}

test("a folder, or a loop of links, in a decision's place means no", (t) => {
	const store = new ConsentStore(temporaryFolder(t));
	mkdirSync(store.path("folder"));
	symlinkSync(store.path("loop"), store.path("loop"));
	t.like(store.read("folder"), { state: "unreadable", why: "EISDIR" });
	t.like(store.read("loop"), { state: "unreadable", why: "ELOOP" });
});

test("no file is no decision, also without a folder", (t) => {
	const folder = temporaryFolder(t);
	t.deepEqual(new ConsentStore(folder).read("dunovo"), { state: "none" });
	t.deepEqual(new ConsentStore(join(folder, "none")).read("dunovo"), { state: "none" });
	t.deepEqual(new ConsentStore(join(folder, "none")).projects(), []);
});

test("a decision is read as it was written, for the user alone, and the next one replaces it", (t) => {
	const store = new ConsentStore(join(temporaryFolder(t), "et", "consent"));
	store.write(GRANTED);
	t.deepEqual(store.read("dunovo"), { state: "decided", record: GRANTED });
	if (process.platform !== "win32") t.is(statSync(store.path("dunovo")).mode & 0o777, 0o600);
	const denied = deny({ ...change, project: "dunovo" });
	store.write(denied);
	store.write({ ...denied, project: "another" });
	t.deepEqual(store.read("dunovo"), { state: "decided", record: denied });
	t.deepEqual(store.projects(), ["another", "dunovo"]);
});

test("a decision that can't be written is an error that leaves the former one", (t) => {
	const file = join(temporaryFolder(t), "file");
	writeFileSync(file, "");
	const error = t.throws(() => new ConsentStore(join(file, "consent")).write(GRANTED), { instanceOf: EtError });
	t.is(error?.code, "ET_CONSENT_UNWRITABLE");
	t.is(readFileSync(file, "utf8"), "");
});

test("a project's name can't lead out of the folder", (t) => {
	const store = new ConsentStore(temporaryFolder(t));
	for (const project of ["../evil", "a/b", "", ".hidden", "__proto__/x"]) {
		t.is(t.throws(() => store.path(project), { instanceOf: EtError })?.code, "ET_USAGE");
		t.is(store.read(project).state, "unreadable");
	}
});

test("the manifest that was agreed to is found again, and what was tampered with is not", (t) => {
	t.truthy(GRANTED.grant);
	if (GRANTED.grant === null) return;
	t.deepEqual(grantedManifest(GRANTED.grant), MANIFEST);
	t.throws(() => grantedManifest({ ...(GRANTED.grant as NonNullable<ConsentRecord["grant"]>), text: "{}" }), {
		instanceOf: EtError,
	});
	t.is(parseRecord({ ...GRANTED, how: 7 })?.how, "unknown");
});

test("a site policy that can't be understood means no; none means none", (t) => {
	const folder = temporaryFolder(t);
	const policyOf = (content: string) => {
		writeFileSync(join(folder, "policy.json"), content);
		return readSitePolicy(join(folder, "policy.json"));
	};
	t.deepEqual(readSitePolicy(join(folder, "none.json")), NO_POLICY);
	t.deepEqual(readSitePolicy(join(folder, "policy.json", "below")), NO_POLICY);
	const unclear = ['{"deny":"yes"}', '{"endpoints":"x"}', '{"endpoints":[1]}', '{"endpoints":["et.example.org"]}'];
	const unknown = ['{"endpoint":[]}', '{"without":["platfrom"]}', '{"without":["id"]}', '{"without":"platform"}'];
	const noProxy = ['{"proxy":"proxy:3128"}', '{"proxy":1}', '{"proxy":"socks5://proxy"}'];
	for (const content of ["", "{", "null", "[]", "[1", ...unclear, ...unknown, ...noProxy]) {
		const policy = policyOf(content);
		t.false(policyAllows(policy, ENDPOINT), content);
		t.not(policy.problem, null, content);
	}
	t.is(readSitePolicy(folder).deny, true);
	t.true(policyAllows(policyOf("{}"), ENDPOINT));
	t.true(policyAllows(policyOf(`{"endpoints":["${ENDPOINT}/"]}`), ENDPOINT));
	t.false(policyAllows(policyOf('{"endpoints":[]}'), ENDPOINT));
	const all = { deny: false, endpoints: null, without: ["platform", "data.*"], proxy: "http://proxy.example.org:3128" };
	t.is(policyOf(JSON.stringify(all)).problem, '"without" is no list of fields that may be left out');
	const good = { ...all, without: ["platform", "inputs.pairs"] };
	t.deepEqual(policyOf(JSON.stringify(good)), { ...good, problem: null });
});
