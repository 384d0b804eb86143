/** Shows a file in the user's browser, where there is a desktop. Waits for nobody. */

/** After this time a program that opens files is at work, and has not failed. */
const PATIENCE_MS = 1500;

/** The program that opens a file, and its words; null where there is no desktop. */
export function opener(
	path: string,
	platform: NodeJS.Platform,
	env: NodeJS.ProcessEnv,
): readonly [string, ...string[]] | null {
	if (platform === "darwin") return ["open", path];
	if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler", path];
	const hasDesktop = [env["DISPLAY"], env["WAYLAND_DISPLAY"]].some((value) => value !== undefined && value !== "");
	return hasDesktop ? ["xdg-open", path] : null;
}

/** @returns whether the program that opens files took it. Never rejects */
export function openFile(
	[program, ...words]: readonly [string, ...string[]],
	env: NodeJS.ProcessEnv,
): Promise<boolean> {
	const { spawn } = process.getBuiltinModule("node:child_process");
	return new Promise((resolve) => {
		const child = spawn(program, words, { detached: true, stdio: "ignore", env, windowsHide: true });
		const timer = setTimeout(() => settle(true), PATIENCE_MS);
		const settle = (isOpen: boolean): void => {
			clearTimeout(timer);
			child.unref();
			resolve(isOpen);
		};
		child.once("error", () => settle(false));
		child.once("exit", (code) => settle(code === 0));
	});
}
