/** A real browser, where one can be started: the packaged Chromium, else one of the system's. */
import { existsSync } from "node:fs";
import packagedChromium from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

const SYSTEM_BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Starts a browser; undefined where none starts. The caller closes it.
 *
 * The package's own flags are left out: they run everything in one process and turn off the very
 * protections that tests look at.
 */
export async function startBrowser(): Promise<Browser | undefined> {
	for (const executablePath of [await packaged(), ...SYSTEM_BROWSERS]) {
		if (executablePath === undefined || !existsSync(executablePath)) continue;
		try {
			return await chromium.launch({ executablePath, headless: true });
		} catch {
			// This one does not run here; perhaps the next does.
		}
	}
	return undefined;
}

async function packaged(): Promise<string | undefined> {
	try {
		return await packagedChromium.executablePath();
	} catch {
		return undefined;
	}
}
