/**
 * A small world to attack: a spool, a user's consent, a server with an SQLite file on a port that it
 * keeps over restarts, and uploaders and scripts as real processes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { parseManifest } from "../../src/report/manifest.js";
import { type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { lostByReason } from "../../src/spool/lost.js";
import { waiting } from "../../src/spool/waiting.js";
import { manifestJson } from "../helpers/manifest.js";
import { storedReports } from "../helpers/stored.js";

const program = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
export const SERVER = program("src/server/main.js");
export const UPLOADER = program("daemon/main.js");
export const CLIENT = new URL("../../src/index.js", import.meta.url).href;

/** The id of the consent that reports are recorded under. */
export const GRANT = "0123456789abcdef";

/** A process, and what it has printed so far. */
export interface Running {
	child: ChildProcess;
	output: () => string;
	/** Its exit code, or null where a signal ended it. */
	ended: Promise<number | null>;
}

export function start(args: readonly string[], env: NodeJS.ProcessEnv): Running {
	const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
	let text = "";
	for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += String(chunk)));
	const ended = once(child, "close").then(([code]) => code as number | null);
	return { child, output: () => text, ended };
}

/** Resolves once a process has printed something that matches. @throws where it ends before */
export async function printed(running: Running, pattern: RegExp): Promise<RegExpExecArray> {
	for (;;) {
		const match = pattern.exec(running.output());
		if (match !== null) return match;
		const stream = running.child.stdout;
		if (stream === null || running.child.exitCode !== null) throw new Error(`It ended early: ${running.output()}`);
		await Promise.race([once(stream, "data"), running.ended]);
		if (running.child.exitCode !== null && pattern.exec(running.output()) === null) {
			throw new Error(`It ended early: ${running.output()}`);
		}
	}
}

export class World {
	readonly folder = mkdtempSync(join(tmpdir(), "et-soak-"));
	readonly folders: SpoolFolders = spoolFolders(join(this.folder, "spool"));
	readonly manifestPath = join(this.folder, "et.json");
	readonly database = join(this.folder, "server.sqlite");
	readonly env: NodeJS.ProcessEnv = {
		...process.env,
		HOME: this.folder,
		ET_SPOOL: this.folders.root,
		ET_CONFIG: join(this.folder, "config"),
		DO_NOT_TRACK: "",
		ET_DISABLED: "",
	};
	private server: Running | null = null;
	private port = 0;

	private constructor(private readonly elsewhere: string | null) {}

	/** Starts a server, or takes one that is elsewhere, and has the user agree to reports for it. */
	static async create(elsewhere: string | null = null): Promise<World> {
		const world = new World(elsewhere);
		if (elsewhere === null) await world.startServer();
		const json = manifestJson({ endpoint: world.endpoint });
		writeFileSync(world.manifestPath, JSON.stringify(json));
		const store = new ConsentStore(join(world.folder, "config", "consent"));
		const change = { now: new Date(), how: "soak" };
		store.write(grant(parseManifest(json), "granted", null, GRANT, change));
		return world;
	}

	get endpoint(): string {
		return this.elsewhere ?? `http://127.0.0.1:${this.port}`;
	}

	async startServer(): Promise<void> {
		this.server = start([SERVER, "--port", String(this.port), "--open", "--database", this.database], this.env);
		const [, port] = await printed(this.server, /listens on http:\/\/127\.0\.0\.1:(\d+)/);
		this.port = Number(port);
	}

	async killServer(): Promise<void> {
		this.server?.child.kill("SIGKILL");
		await this.server?.ended;
	}

	/** An uploader that flushes once; it tries endpoints that are backing off, since time is short here. */
	startUploader(): Running {
		return start([UPLOADER, "--once", "--now"], this.env);
	}

	/** Takes the lease away from whoever holds it. */
	breakLease(): void {
		rmSync(this.folders.lease, { recursive: true, force: true });
	}

	/** Flushes until nothing waits. */
	async drain(): Promise<void> {
		for (let round = 0; round < MOST_ROUNDS && this.pending().size > 0; round++) await this.startUploader().ended;
	}

	/** Ids that wait. */
	pending(): Set<string> {
		return new Set([...waiting(this.folders)].map(({ envelope }) => envelope.report.id));
	}

	/** How many had to go, and were counted. */
	dropped(): number {
		const reasons = [...lostByReason(this.folders).values()].flatMap((counts) => [...counts.values()]);
		return reasons.reduce((sum, count) => sum + count, 0);
	}

	/** How often each report stands on the server. */
	onServer(): Map<string, number> {
		const times = new Map<string, number>();
		for (const id of storedReports(this)) times.set(id, (times.get(id) ?? 0) + 1);
		return times;
	}

	async close(): Promise<void> {
		await this.killServer();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

const MOST_ROUNDS = 50;
