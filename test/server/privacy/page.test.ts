/** The public page of a project: what it says, to whom, and in which words. */
import test from "ava";
import { FIELD_WORDS, NEVER_COLLECTED } from "../../../src/report/fields.js";
import { manifestJson, testManifest } from "../../helpers/manifest.js";
import { post, testServer, wireBatch, wireReport } from "../../helpers/server.js";

const notice = manifestJson()["notice"] as Record<string, unknown>;
const AT = Date.UTC(2026, 0, 15);

const pageOf = async (url: string, project: string) => {
	const response = await fetch(`${url}/projects/${project}/privacy`);
	return { status: response.status, text: await response.text() };
};
const dataOf = async (url: string, project: string) => {
	const response = await fetch(`${url}/v1/projects/${project}/privacy`);
	return { status: response.status, body: JSON.parse(await response.text()) };
};

test("everybody may read what a project collects and why, in the words of et explain", async (t) => {
	const { url, store } = await testServer(t, { config: { openIntake: false } });
	await store.register({ project: "dunovo", manifest: testManifest(), at: AT });
	// As a stranger, and not as somebody on this machine.
	const response = await fetch(`${url}/projects/dunovo/privacy`, { headers: { "x-forwarded-for": "192.0.2.1" } });
	t.is(response.status, 200);
	const page = await response.text();
	for (const words of [
		notice["purpose"],
		notice["contact"],
		"dunovo@example.org",
		NEVER_COLLECTED,
		"Runs are kept for 2 years after their last report",
		"nothing of it is kept",
		"the size of pairs in reads",
		"Run time depends on it.",
		"et forget --project dunovo",
		FIELD_WORDS.max_rss_bytes.what,
		FIELD_WORDS.platform.why,
	]) {
		t.true(page.includes(String(words)), String(words));
	}
	const runs = await fetch(`${url}/`, { headers: { "x-forwarded-for": "192.0.2.1" }, redirect: "manual" });
	t.regex(runs.headers.get("location") ?? "", /^\/login/);
});

test("programs are told the same, with what goes here of addresses and time", async (t) => {
	const { url, store } = await testServer(t);
	await store.register({ project: "dunovo", manifest: testManifest(), at: AT });
	const second = testManifest({
		notice: { ...notice, version: 2, retention: "P3Y", addresses: "truncated" },
		inputs: { pairs: { unit: "reads", why: "Run time depends on it." }, index: { unit: "bytes", why: "Memory." } },
	});
	await store.register({ project: "dunovo", manifest: second, at: AT + 1 });
	await store.setAddresses("hashed", 24 * 60 * 60 * 1000);
	await store.setRetention("dunovo", "P1Y");
	const { status, body } = await dataOf(url, "dunovo");
	t.is(status, 200);
	t.like(body, {
		registered: true,
		notice: { version: 2, contact: "dunovo@example.org" },
		addresses: {
			policy: "hashed",
			kept: "hashed-truncated",
			in_words: "a keyed hash of its first part is kept, whose key is destroyed after 1 day at the latest",
		},
		retention: { kept_for: "P1Y", chosen: "P1Y" },
	});
	t.deepEqual(
		body.versions.map(({ version, addresses, retention, changes }: (typeof body)["versions"][number]) => [
			version,
			addresses,
			retention,
			changes.map(({ path }: { path: string[] }) => path.join(".")),
		]),
		[
			[
				2,
				{ allows: "truncated", kept: "hashed-truncated" },
				{ says: "P3Y", kept_for: "P1Y" },
				["inputs.index", "notice.addresses", "notice.retention"],
			],
			[1, { allows: "full", kept: "hashed" }, { says: "P2Y", kept_for: "P1Y" }, []],
		],
	);
	const { text } = await pageOf(url, "dunovo");
	t.regex(text, /The notice says 3 years; the operator of this server chose less\./);
	t.regex(text, /<span class="mono">notice\.retention<\/span>: P2Y → P3Y/);
	t.regex(text, /<span class="mono">inputs\.index<\/span>: nothing → bytes, Memory\./);
});

test("of a project without a notice nobody says what its users were told", async (t) => {
	const { url, store } = await testServer(t);
	await store.register({ project: "bare", manifest: null, at: AT });
	const { text } = await pageOf(url, "bare");
	t.regex(text, /registered here without a notice/);
	t.regex(text, /Runs are kept until they are erased/);
	t.like((await dataOf(url, "bare")).body, { registered: true, notice: null, versions: [] });
	await store.register({ project: "gone", manifest: testManifest({ project: "gone" }), at: AT });
	await store.unregister("gone", null);
	t.like((await dataOf(url, "gone")).body, { registered: false, notice: null, retention: { kept_for: "P2Y" } });
});

test("a project that is not registered is nobody's to see, whatever strangers sent, and no name is taken for markup", async (t) => {
	const { url } = await testServer(t);
	await post(url, wireBatch([wireReport({ project: "strange" })]));
	for (const project of ["strange", "none", "%3Cscript%3E", "a".repeat(300), "..%2F.."]) {
		const page = await pageOf(url, project);
		t.true([400, 404].includes(page.status), `${project} ${page.status}`);
		t.notRegex(page.text, /<script/);
		t.true((await dataOf(url, project)).status >= 400);
	}
});

test("what a manifest says is text on the page, and never markup", async (t) => {
	const { url, store } = await testServer(t);
	const attack = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
	const manifest = testManifest({
		notice: { ...notice, purpose: attack, contact: attack, url: `https://example.org/?${attack}` },
		inputs: { pairs: { unit: attack, why: attack } },
		data: { "*": { type: "string", why: attack } },
	});
	await store.register({ project: "dunovo", manifest, at: AT });
	const { text } = await pageOf(url, "dunovo");
	t.notRegex(text, /<script|<img/);
	t.regex(text, /whatever else the script gives, under any name/);
});

test("a run and its project lead there, and a project's page says for how long runs are kept", async (t) => {
	const { url, store } = await testServer(t);
	await store.register({ project: "dunovo", manifest: testManifest(), at: AT });
	const report = wireReport();
	await post(url, wireBatch([report]));
	const link = /href="\/projects\/dunovo\/privacy"/;
	t.regex(await (await fetch(`${url}/runs/dunovo/${report.run_id}`)).text(), link);
	const page = await (await fetch(`${url}/?project=dunovo`)).text();
	t.regex(page, link);
	t.regex(page, /runs are kept for 2 years after their last report/);
});
