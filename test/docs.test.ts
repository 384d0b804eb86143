/** What the pages point at is there. */
import { access, readdir, readFile } from "node:fs/promises";
import test from "ava";

const ROOT = new URL("../../", import.meta.url);
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const HEADING = /^#+ (.+)$/gm;

async function pages(): Promise<URL[]> {
	const docs = await readdir(new URL("docs/", ROOT), { recursive: true });
	const names = ["README.md", "CHANGELOG.md", ...docs.map((name) => `docs/${name.replaceAll("\\", "/")}`)];
	return names.filter((name) => name.endsWith(".md")).map((name) => new URL(name, ROOT));
}

/** The name by which a page's heading is linked to, in GitHub's form. */
function anchor(heading: string): string {
	const plain = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
	return plain.trim().replaceAll(" ", "-");
}

async function hasAnchor(page: URL, wanted: string): Promise<boolean> {
	const text = await readFile(page, "utf8");
	return [...text.matchAll(HEADING)].some(([, heading = ""]) => anchor(heading) === wanted);
}

/** What is wrong with a link of a page, or null. Addresses of other sites are not followed. */
async function problem(page: URL, link: string): Promise<string | null> {
	if (/^[a-z]+:/.test(link)) return null;
	const target = new URL(link, page);
	const wanted = decodeURIComponent(target.hash.slice(1));
	target.hash = "";
	try {
		await access(target);
	} catch {
		return `${page.pathname}: no such file: ${link}`;
	}
	return wanted === "" || (await hasAnchor(target, wanted)) ? null : `${page.pathname}: no such heading: ${link}`;
}

test("each link of the pages leads somewhere", async (t) => {
	const problems: (string | null)[] = [];
	let links = 0;
	for (const page of await pages()) {
		for (const [, link = ""] of (await readFile(page, "utf8")).matchAll(LINK)) {
			links += 1;
			problems.push(await problem(page, link));
		}
	}
	t.true(links > 0);
	t.deepEqual(
		problems.filter((each) => each !== null),
		[],
	);
});

test("a link that leads nowhere is found", async (t) => {
	const readme = new URL("README.md", ROOT);
	t.regex((await problem(readme, "docs/no-such-page.md")) ?? "", /no such file/);
	t.regex((await problem(readme, "docs/errors.md#no-such-error")) ?? "", /no such heading/);
	t.is(await problem(readme, "docs/errors.md#et_usage"), null);
});
