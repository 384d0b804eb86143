/** A user's home folder of a test's own: with a manifest, and the decision about it. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { grant } from "../../src/consent/change.js";
import type { ConsentRecord } from "../../src/consent/record.js";
import { ConsentStore } from "../../src/consent/store.js";
import type { Manifest } from "../../src/report/manifest.js";
import { type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { testManifest } from "./manifest.js";
import { temporaryFolder } from "./temporary.js";

export interface Home {
	folder: string;
	/** An environment in which this is the home folder; nothing else is in it but PATH. */
	env: NodeJS.ProcessEnv;
	spool: SpoolFolders;
	consent: ConsentStore;
	/** The manifest, and the et.json that holds it, outside of the home folder. */
	manifest: Manifest;
	manifestPath: string;
	/** All that is in the folder, sorted. */
	contents: () => string[];
}

/** A home folder in which nothing has been decided; removed when the test ends. */
export function temporaryHome(t: ExecutionContext, manifest = testManifest()): Home {
	const root = temporaryFolder(t);
	const folder = join(root, "home");
	mkdirSync(folder);
	const manifestPath = join(root, "et.json");
	writeFileSync(manifestPath, JSON.stringify(manifest));
	const [state, config] = [join(folder, "state"), join(folder, "config")];
	return {
		folder,
		env: { PATH: process.env["PATH"], HOME: folder, USERPROFILE: folder, ET_SPOOL: state, ET_CONFIG: config },
		spool: spoolFolders(state),
		consent: new ConsentStore(join(config, "consent")),
		manifest,
		manifestPath,
		contents: () => (readdirSync(folder, { recursive: true }) as string[]).sort(),
	};
}

/** Grants what the home's manifest asks for. */
export function grantAt(home: Home, mode: "granted" | "local" = "granted"): ConsentRecord {
	const record = grant(home.manifest, mode, null, "test-grant", { now: new Date(), how: "test" });
	home.consent.write(record);
	return record;
}
