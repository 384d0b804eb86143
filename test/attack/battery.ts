/** Sends a battery of requests to a server of its own process, and looks at what they did to it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import Database from "better-sqlite3";
import pidusage from "pidusage";
import { MAX_REPORT_BYTES } from "../../src/report/limits.js";
import { REPORT_SCHEMA } from "../../src/report/schema.js";
import { ET_SERVER } from "../helpers/et-server.js";
import { bomb, goodRequest, headerFlood, MARK, mutated, nested, swollen } from "./mutate.js";

const MIB = 1024 * 1024;
const AT_ONCE = 128;
/** What never ends is to be told so within this run, and not within a minute. */
const SETTINGS = ["headersTimeoutMs=1000", "requestTimeoutMs=2000", "keepAliveMs=1000"];
const SAMPLE_EVERY_MS = 100;

/** What one attack came to. */
export interface Harm {
	attack: string;
	requests: number;
	/** Answers by the hundreds of their status. */
	answers: Record<string, number>;
	/** Codes of what was answered 5xx. */
	failures: string[];
	/** Connections that ended without an answer. */
	silent: number;
	/** The most memory that the server held meanwhile, in MiB. */
	peakMiB: number;
	seconds: number;
}

export interface Aftermath {
	/** Reports that were stored. */
	stored: number;
	/** Reports among them that the schema forbids, or that no page may show as they are. */
	forbidden: string[];
	/** Addresses of pages that show markup which was sent. */
	poisoned: string[];
	/** Whether the same process still serves, and stores a batch. */
	isAlive: boolean;
	harms: Harm[];
}

const ATTACKS: Readonly<Record<string, (share: number, seed: number) => { requests: Buffer[]; atOnce?: number }>> = {
	"mutated requests": (share, seed) => ({ requests: mutated(Math.ceil(20_000 * share), seed) }),
	"gzip bombs of 10 MiB": (share) => ({ requests: repeat(1_000 * share, bomb()) }),
	"nesting, a million deep": (share) => ({ requests: repeat(200 * share, nested()) }),
	"bodies that swell when parsed": (share) => ({ requests: repeat(200 * share, swollen()), atOnce: 64 }),
	"floods of headers": (share) => ({ requests: repeat(500 * share, headerFlood()) }),
	"bodies that never end": (share) => ({
		requests: repeat(2_000 * share, goodRequest().subarray(0, -20)),
		atOnce: 256,
	}),
};

function repeat(count: number, bytes: Buffer): Buffer[] {
	return Array.from({ length: Math.max(2, Math.ceil(count)) }, () => bytes);
}

/** Carries out every attack, at a share of its full scale. */
export async function attackAll(
	share: number,
	seed: number,
	said: (harm: Harm) => void = () => undefined,
): Promise<Aftermath> {
	const folder = mkdtempSync(join(tmpdir(), "et-attack-"));
	const database = join(folder, "et.sqlite");
	const settings = SETTINGS.flatMap((setting) => ["--set", setting]);
	const server = spawn(process.execPath, [ET_SERVER, "--port", "0", "--open", "--database", database, ...settings], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	try {
		const url = await new Promise<string>((resolve, reject) => {
			server.once("exit", () => reject(new Error("et-server ended before it listened")));
			server.stdout.setEncoding("utf8").on("data", (text: string) => {
				const listening = /listens on (\S+)/.exec(text)?.[1];
				if (listening !== undefined) resolve(listening);
			});
		});
		const harms: Harm[] = [];
		for (const [attack, prepare] of Object.entries(ATTACKS)) {
			const { requests, atOnce = AT_ONCE } = prepare(share, seed);
			const harm = await carryOut(attack, url, requests, atOnce, server.pid ?? 0);
			harms.push(harm);
			said(harm);
		}
		const [answer] = await exchange(url, goodRequest());
		const isAlive = server.exitCode === null && answer?.status === 200;
		return { ...storedIn(database), poisoned: await poisonedPages(url, database), isAlive, harms };
	} finally {
		server.kill("SIGKILL");
		rmSync(folder, { recursive: true, force: true });
	}
}

async function carryOut(attack: string, url: string, requests: Buffer[], atOnce: number, pid: number): Promise<Harm> {
	const harm: Harm = {
		attack,
		requests: requests.length,
		answers: {},
		failures: [],
		silent: 0,
		peakMiB: 0,
		seconds: 0,
	};
	const measure = async () => {
		const { memory } = await pidusage(pid).catch(() => ({ memory: 0 }));
		harm.peakMiB = Math.max(harm.peakMiB, Math.round(memory / MIB));
	};
	const began = performance.now();
	const sampling = setInterval(() => void measure(), SAMPLE_EVERY_MS);
	let next = 0;
	const work = async () => {
		for (let index = next++; index < requests.length; index = next++) {
			const answers = await exchange(url, requests[index] as Buffer);
			if (answers.length === 0) harm.silent++;
			for (const { status, text } of answers) {
				const hundreds = `${Math.floor(status / 100)}xx`;
				harm.answers[hundreds] = (harm.answers[hundreds] ?? 0) + 1;
				if (status >= 500) harm.failures.push(`${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 200)}`);
			}
		}
	};
	await Promise.all(Array.from({ length: atOnce }, work));
	clearInterval(sampling);
	await measure();
	harm.seconds = Math.round((performance.now() - began) / 100) / 10;
	return harm;
}

/** Sends bytes, and gives each answer until the server closes. */
function exchange(url: string, bytes: Buffer): Promise<{ status: number; text: string }[]> {
	const { hostname, port } = new URL(url);
	return new Promise((resolve) => {
		const chunks: Buffer[] = [];
		const socket = connect(Number(port), hostname, () => socket.write(bytes));
		// The server ends what it has answered, and what it waits for in vain.
		socket.on("end", () => socket.end());
		socket.on("data", (chunk) => chunks.push(chunk));
		socket.on("error", () => undefined);
		socket.on("close", () => {
			const text = Buffer.concat(chunks).toString("latin1");
			const answers = [...text.matchAll(/(?:^|[}>\n]|\r\n)HTTP\/1\.1 (\d{3}) /g)];
			resolve(answers.map((match) => ({ status: Number(match[1]), text: text.slice(match.index) })));
		});
	});
}

/** Asks every stored report whether it may be there: by the schema, apart from what the server asked. */
function storedIn(database: string): Pick<Aftermath, "stored" | "forbidden"> {
	const matches = new Ajv({ allowUnionTypes: true }).compile(REPORT_SCHEMA);
	const db = new Database(database, { readonly: true });
	try {
		const rows = db.prepare<[], { report: string; project: string }>(
			"SELECT report, name AS project FROM events JOIN projects ON projects.id = project_id",
		);
		const forbidden: string[] = [];
		let stored = 0;
		for (const { report, project } of rows.iterate()) {
			stored++;
			const value = JSON.parse(report);
			const isAllowed = matches(value) && value.project === project && Buffer.byteLength(report) <= MAX_REPORT_BYTES;
			if (!isAllowed) forbidden.push(report.slice(0, 300));
		}
		return { stored, forbidden };
	} finally {
		db.close();
	}
}

const MOST_PAGES = 500;

/** Looks at pages and exports as a browser and a program get them. */
async function poisonedPages(url: string, database: string): Promise<string[]> {
	const db = new Database(database, { readonly: true });
	const runs = db
		.prepare<[number], { project: string; run: string }>(
			"SELECT name AS project, lower(hex(run_id)) AS run FROM events JOIN projects ON projects.id = project_id LIMIT ?",
		)
		.all(MOST_PAGES);
	db.close();
	const paths = [
		"/",
		`/?project=${encodeURIComponent(MARK)}`,
		...runs.map(({ project, run }) => `/runs/${project}/${run}`),
	];
	const poisoned: string[] = [];
	for (const path of new Set(paths)) {
		const response = await fetch(url + path);
		const text = await response.text();
		if (text.includes(MARK) || /<script/i.test(text) || response.status >= 500) poisoned.push(path);
	}
	return poisoned;
}
