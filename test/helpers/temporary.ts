/** Folders that a test has to itself. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";

/** An empty folder, removed with all that is in it when the test ends. */
export function temporaryFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(realpathSync(tmpdir()), "et-test-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
	return folder;
}
