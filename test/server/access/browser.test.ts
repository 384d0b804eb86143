/** Setting up, logging in, tokens and the log of acts in a real browser. Skipped, by name, where none can be started. */
import test from "ava";
import type { Page } from "playwright-core";
import { ADA, addAdministrator, addToken } from "../../helpers/access.js";
import { startBrowser } from "../../helpers/browser.js";
import { needing } from "../../helpers/needs.js";
import { testServer } from "../../helpers/server.js";

const browser = await startBrowser();
const inBrowser = needing("Chromium", () => browser !== undefined, test.serial);
test.after.always(() => browser?.close());

const fits = (page: Page) => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth");
const focused = (page: Page) => page.evaluate("document.activeElement.name || document.activeElement.textContent");

inBrowser("an administrator is set up, logs out and in, and makes a token, with the keyboard alone", async (t) => {
	const server = await testServer(t);
	const context = await browser?.newContext();
	const page = await context?.newPage();
	if (context === undefined || page === undefined) return t.fail();
	const complaints: string[] = [];
	page.on("console", (message) => {
		if (message.type() === "error") complaints.push(message.text());
	});
	await page.goto((await server.offerSetup()) ?? "");
	t.is(await focused(page), "name");
	await page.keyboard.type("ada");
	for (const text of [ADA.password, ADA.password]) {
		await page.keyboard.press("Tab");
		await page.keyboard.type(text);
	}
	await Promise.all([page.waitForURL(`${server.url}/`), page.keyboard.press("Enter")]);
	t.is(await page.textContent(".account a:nth-of-type(3)"), "ada");

	await page.locator("button", { hasText: "Log out" }).focus();
	await Promise.all([page.waitForURL(`${server.url}/login`), page.keyboard.press("Enter")]);
	await page.goto(`${server.url}/admin/tokens`);
	t.is(page.url(), `${server.url}/login?next=%2Fadmin%2Ftokens`);
	await page.keyboard.type("ada");
	await page.keyboard.press("Tab");
	await page.keyboard.type(ADA.password);
	await Promise.all([page.waitForURL(`${server.url}/admin/tokens`), page.keyboard.press("Enter")]);

	await page.locator("#name").focus();
	await page.keyboard.type("monitor");
	await Promise.all([page.waitForLoadState("load"), page.keyboard.press("Enter")]);
	await page.locator(".made").waitFor();
	t.regex((await page.textContent(".secret")) ?? "", /^etr_/);
	t.is(await page.locator("tbody tr").count(), 1);
	t.deepEqual(complaints, []);
	await context.close();
});

inBrowser("a form on a page of another site changes nothing, though the browser is logged in", async (t) => {
	const server = await testServer(t);
	await addAdministrator(server.store);
	const context = await browser?.newContext();
	const page = await context?.newPage();
	if (context === undefined || page === undefined) return t.fail();
	await page.goto(`${server.url}/login`);
	await page.fill("#name", ADA.name);
	await page.fill("#password", ADA.password);
	await Promise.all([page.waitForURL(`${server.url}/`), page.keyboard.press("Enter")]);
	const key = await page.locator(".account input[name=form]").getAttribute("value");
	// The key itself is given away here: that the form comes from elsewhere is enough.
	const evil = `<form method="post" action="${server.url}/admin/tokens"><input name="form" value="${key}"><input name="name" value="evil"><button>Win</button></form>`;
	await page.route("http://evil.invalid/", (route) => route.fulfill({ contentType: "text/html", body: evil }));
	await page.goto("http://evil.invalid/");
	// The browser does not send the session with it, so that it is asked to log in, and led on as one that is.
	await Promise.all([page.waitForURL(`${server.url}/`), page.click("button")]);
	t.deepEqual(await server.store.tokens(), []);
	await page.goto(server.url);
	t.is(await page.textContent(".account a:nth-of-type(3)"), "ada", "the session is as it was");
	await context.close();
});

inBrowser("every page fits a telephone and a wide screen, in light and dark", async (t) => {
	const server = await testServer(t);
	const setup = (await server.offerSetup()) ?? "";
	const name = "W".repeat(128);
	for (const width of [380, 1600]) {
		for (const colorScheme of ["light", "dark"] as const) {
			const context = await browser?.newContext({ viewport: { width, height: 900 }, colorScheme });
			const page = await context?.newPage();
			if (context === undefined || page === undefined) return t.fail();
			const look = async (title: string, address?: string) => {
				if (address !== undefined) await page.goto(address, { waitUntil: "load" });
				t.true(await fits(page), `${title} at ${width} in ${colorScheme} is too wide`);
			};
			if (!(await server.store.hasAdministrator())) {
				await look("setup", setup);
				await look("nobody", `${server.url}/login`);
				await addAdministrator(server.store, { name, password: ADA.password });
				await addToken(server.store, "p".repeat(64));
				await addToken(server.store, null);
				await server.store.revokeToken(1, {
					at: 0,
					who: name,
					act: "token_revoked",
					what: null,
					source: "192.0.2.0/24",
				});
			}
			await look("setup-over", setup);
			await look("login", `${server.url}/login`);
			await page.fill("#name", name);
			await page.fill("#password", "not the password");
			await page.click("button");
			await page.locator(".problem").waitFor();
			await look("login-wrong");
			await page.fill("#password", ADA.password);
			await Promise.all([page.waitForURL(`${server.url}/`), page.keyboard.press("Enter")]);
			await look("runs");
			for (const path of ["tokens", "audit", "password"]) await look(path, `${server.url}/admin/${path}`);
			await page.goto(`${server.url}/admin/tokens`);
			await page.fill("#name", name);
			await page.keyboard.press("Enter");
			await page.locator(".made").waitFor();
			await look("made");
			await context.close();
		}
	}
});
