/**
 * Runs the tests and tells which lines they reached.
 *
 * Some tests act as another user, whose processes write down their coverage too: so it is gathered where every user
 * may write, and not in the checkout.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const C8 = join(dirname(require.resolve("c8/package.json")), "bin/c8.js");
const WRITABLE_BY_ALL = 0o1777;

const gathered = mkdtempSync(join(tmpdir(), "et-coverage-"));
try {
	chmodSync(gathered, WRITABLE_BY_ALL);
	const args = [C8, "--temp-directory", gathered, "--clean=false", "ava", ...process.argv.slice(2)];
	process.exitCode = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" }).status ?? 1;
} finally {
	rmSync(gathered, { recursive: true, force: true });
}
