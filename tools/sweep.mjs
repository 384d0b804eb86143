/**
 * Removes from dist/ what tsc wrote for sources that are gone. tsc never does, and a test that was deleted or
 * renamed would go on running.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["src", "daemon", "test", "tools"];
const OUTPUT = /\.(?:d\.ts|js|js\.map)$/;

for (const folder of FOLDERS.filter((name) => existsSync(join(ROOT, "dist", name)))) {
	for (const file of readdirSync(join(ROOT, "dist", folder), { recursive: true })) {
		const source = join(ROOT, folder, file.replace(OUTPUT, ".ts"));
		if (OUTPUT.test(file) && !existsSync(source)) rmSync(join(ROOT, "dist", folder, file));
	}
}
