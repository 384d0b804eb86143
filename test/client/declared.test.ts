/** The manifest and the decision: read through once by whoever grants, and recognised byte for byte by the script. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { declared } from "../../src/client/declared.js";
import { deny, grant, withdraw } from "../../src/consent/change.js";
import { EtError } from "../../src/errors.js";
import { temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";

const change = { now: new Date(), how: "test" };
const SOURCE = JSON.stringify(manifestJson({ endpoint: "https://et.example.org/", sample: 0.5 }), null, 2);
const MANIFEST = testManifest({ sample: 0.5 });

/** A home with a manifest's file, under a name that no other test reads: a process reads each file once. */
function homeWith(t: Parameters<typeof temporaryHome>[0], source: string, grantedSource: string | null) {
	const home = temporaryHome(t);
	const path = join(home.folder, "et.json");
	writeFileSync(path, source);
	home.consent.write(grant(MANIFEST, "granted", null, "grant-1", { ...change, source: grantedSource }));
	return { ...home, path };
}

test("the very file that was granted is recognised, and means what it meant", (t) => {
	const { path, consent } = homeWith(t, SOURCE, SOURCE);
	const found = declared(path, consent.folder);
	t.true(found.isAgreed);
	t.deepEqual(found.manifest, MANIFEST);
	t.is(declared(path, consent.folder).manifest, found.manifest);
});

test("a file with one more blank, a grant without the file, and a manifest as content are looked through", (t) => {
	for (const [source, grantedSource] of [
		[`${SOURCE} `, SOURCE],
		[SOURCE, null],
	] as const) {
		const { path, consent } = homeWith(t, source, grantedSource);
		t.like(declared(path, consent.folder), { isAgreed: false, manifest: MANIFEST });
	}
	const { consent } = homeWith(t, SOURCE, SOURCE);
	t.like(declared(MANIFEST, consent.folder), { isAgreed: false, manifest: MANIFEST });
});

test("after a no there is nothing to recognise", (t) => {
	const { path, consent } = homeWith(t, SOURCE, SOURCE);
	for (const decide of [deny, withdraw]) {
		consent.write(decide({ ...change, project: "dunovo" }));
		t.false(declared(path, consent.folder).isAgreed);
	}
});

test("a grant for another manifest is followed by the one for this", (t) => {
	const { path, consent } = homeWith(t, SOURCE, SOURCE);
	t.true(declared(path, consent.folder).isAgreed);
	const other = testManifest({ sample: 0.5, data: {} });
	consent.write(grant(other, "granted", null, "grant-2", { ...change, source: SOURCE }));
	t.deepEqual(declared(path, consent.folder).manifest, other);
});

test("what can't be a manifest is said, whatever was granted", (t) => {
	for (const source of ["", "null", "7", "{}", '{"project":7}', '{"project":"../evil"}']) {
		const { path, consent } = homeWith(t, source, source);
		t.is(t.throws(() => declared(path, consent.folder), { instanceOf: EtError })?.code, "ET_MANIFEST_INVALID", source);
	}
	const { consent } = homeWith(t, SOURCE, SOURCE);
	t.is(
		t.throws(() => declared("/no/such/et.json", consent.folder), { instanceOf: EtError })?.code,
		"ET_MANIFEST_UNREADABLE",
	);
});
