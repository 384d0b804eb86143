/**
 * The manifest, `et.json`: what an author declares. It is the one source of the consent notice,
 * of the allow-list and of the destination.
 */
import { EtError } from "../errors.js";
import { isDuration } from "./duration.js";
import { isName, MAX_ENTRIES, MAX_LABEL_LENGTH, MAX_TEXT_LENGTH, MAX_WEIGHT } from "./limits.js";

export const DATA_TYPES = ["integer", "number", "string", "boolean"] as const;
export type DataType = (typeof DATA_TYPES)[number];

export const ADDRESS_POLICIES = ["full", "truncated", "hashed", "none"] as const;
/** What the server keeps of the connection's address: at most this. */
export type AddressPolicy = (typeof ADDRESS_POLICIES)[number];

/** The key of `data` that declares every key. */
export const ANY_KEY = "*";

/** The smallest share of runs that may report: each then stands for the most that a report may. */
const MIN_SAMPLE = 1 / MAX_WEIGHT;

export interface Notice {
	/** Raised by the author whenever what is collected, why, or where it goes changes. */
	version: number;
	purpose: string;
	contact: string;
	/** ISO 8601 duration. */
	retention: string;
	url: string | null;
	addresses: AddressPolicy;
}

export interface Manifest {
	et: 1;
	project: string;
	/** Where batches go: https, or http on loopback; no trailing slash. */
	endpoint: string;
	notice: Notice;
	inputs: Record<string, { unit: string; why: string }>;
	data: Record<string, { type: DataType; why: string }>;
	/** The share of runs that report: {@link MIN_SAMPLE} to 1. */
	sample: number;
}

type Json = Record<string, unknown>;

/** Collects what is wrong, each with the place it is wrong at, so that an author sees all at once. */
class Problems {
	readonly found: string[] = [];

	add(path: string, message: string): void {
		this.found.push(`${path}: ${message}`);
	}

	object(value: unknown, path: string): Json {
		if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
		this.add(path, value === undefined ? "is missing" : "must be an object");
		return {};
	}

	text(value: unknown, path: string, maxLength = MAX_TEXT_LENGTH): string {
		if (typeof value === "string" && value.trim() !== "" && value.length <= maxLength) return value;
		this.add(path, value === undefined ? "is missing" : `must be a text of 1 to ${maxLength} characters`);
		return "";
	}

	oneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
		if (allowed.includes(value as T)) return value as T;
		this.add(path, `must be one of ${allowed.join(", ")}`);
		return allowed[0] as T;
	}

	onlyKeys(value: Json, path: string, known: readonly string[]): void {
		for (const key of Object.keys(value)) {
			if (!known.includes(key)) this.add(path === "" ? key : `${path}.${key}`, "is not a key that ET knows");
		}
	}
}

/** Whether a host name is this machine's own: the only place that plain http may go. */
function isLoopback(hostname: string): boolean {
	return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Why a text can't be an endpoint, or null where it can. */
export function endpointProblem(value: unknown): string | null {
	if (typeof value !== "string") return value === undefined ? "is missing" : "must be a text";
	if (!URL.canParse(value)) return "must be a URL";
	const url = new URL(value);
	if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
		return "must be https (http only on loopback)";
	}
	if (url.username !== "" || url.password !== "") return "must not hold a user name or a password";
	if (url.search !== "" || url.hash !== "") return "must not have a query or a fragment";
	return null;
}

function parseNotice(value: unknown, problems: Problems): Notice {
	const notice = problems.object(value, "notice");
	problems.onlyKeys(notice, "notice", ["version", "purpose", "contact", "retention", "url", "addresses"]);
	const version = notice["version"];
	if (!Number.isSafeInteger(version) || (version as number) < 1) {
		problems.add("notice.version", "must be a whole number from 1");
	}
	const retention = problems.text(notice["retention"], "notice.retention");
	if (retention !== "" && !isDuration(retention)) {
		problems.add("notice.retention", "must be an ISO 8601 duration in years, months, weeks or days, such as P2Y");
	}
	const url = notice["url"] ?? null;
	if (url !== null && !(typeof url === "string" && URL.canParse(url) && /^https?:/.test(url))) {
		problems.add("notice.url", "must be a web address");
	}
	return {
		version: version as number,
		purpose: problems.text(notice["purpose"], "notice.purpose"),
		contact: problems.text(notice["contact"], "notice.contact"),
		retention,
		url: url as string | null,
		addresses: problems.oneOf(notice["addresses"] ?? "full", "notice.addresses", ADDRESS_POLICIES),
	};
}

function parseEntries<T>(
	value: unknown,
	path: string,
	problems: Problems,
	parse: (entry: Json, path: string) => T,
	keyAllowed: (key: string) => boolean,
): Record<string, T> {
	const entries = Object.entries(problems.object(value ?? {}, path));
	if (entries.length > MAX_ENTRIES) problems.add(path, `must not have over ${MAX_ENTRIES} keys`);
	const parsed: [string, T][] = entries.map(([key, entry]) => {
		const at = `${path}.${key}`;
		if (!keyAllowed(key)) problems.add(at, "must be named with letters, digits, '.', '_' and '-' alone");
		return [key, parse(problems.object(entry, at), at)];
	});
	return Object.fromEntries(parsed);
}

function parse(value: unknown): { manifest: Manifest; problems: string[] } {
	const problems = new Problems();
	const root = problems.object(value, "et.json");
	problems.onlyKeys(root, "", ["et", "project", "endpoint", "notice", "inputs", "data", "sample"]);
	if (root["et"] !== 1) problems.add("et", "must be 1, the version of the manifest's format");
	const project = problems.text(root["project"], "project");
	if (project !== "" && !isName(project)) {
		problems.add("project", "must be named with letters, digits, '.', '_' and '-' alone");
	}
	const endpoint = endpointProblem(root["endpoint"]);
	if (endpoint !== null) problems.add("endpoint", endpoint);
	const sample = root["sample"] ?? 1;
	if (typeof sample !== "number" || !(sample >= MIN_SAMPLE && sample <= 1)) {
		problems.add("sample", `must be a number from ${MIN_SAMPLE} to 1`);
	}
	const manifest: Manifest = {
		et: 1,
		project,
		endpoint: String(root["endpoint"]).replace(/\/+$/, ""),
		notice: parseNotice(root["notice"], problems),
		inputs: parseEntries(
			root["inputs"],
			"inputs",
			problems,
			(entry, path) => {
				problems.onlyKeys(entry, path, ["unit", "why"]);
				return {
					unit: problems.text(entry["unit"], `${path}.unit`, MAX_LABEL_LENGTH),
					why: problems.text(entry["why"], `${path}.why`),
				};
			},
			isName,
		),
		data: parseEntries(
			root["data"],
			"data",
			problems,
			(entry, path) => {
				problems.onlyKeys(entry, path, ["type", "why"]);
				return {
					type: problems.oneOf(entry["type"], `${path}.type`, DATA_TYPES),
					why: problems.text(entry["why"], `${path}.why`),
				};
			},
			(key) => key === ANY_KEY || isName(key),
		),
		sample: sample as number,
	};
	return { manifest, problems: problems.found };
}

/** All that is wrong with a manifest, a line each; empty where it is well-formed. */
export function manifestProblems(value: unknown): string[] {
	return parse(value).problems;
}

/**
 * A manifest out of the parsed JSON of `et.json`, with every default filled in.
 *
 * @throws EtError `ET_MANIFEST_INVALID`, naming everything that is wrong
 */
export function parseManifest(value: unknown): Manifest {
	const { manifest, problems } = parse(value);
	if (problems.length === 0) return manifest;
	throw new EtError("ET_MANIFEST_INVALID", `The manifest can't be used:\n${problems.map((p) => `  ${p}`).join("\n")}`);
}

function sorted(value: unknown): unknown {
	if (typeof value !== "object" || value === null) return value;
	const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/**
 * What a user agrees to, as one text: JSON with sorted keys and no spaces. The sampling rate is
 * not part of it. A grant holds this text, so that a script compares and need not hash.
 */
export function consentText(manifest: Manifest): string {
	const { sample: _sample, ...agreed } = manifest;
	return JSON.stringify(sorted(agreed));
}
