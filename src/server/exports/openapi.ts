/** `GET /v1/openapi.json`: the addresses for programs, in OpenAPI 3.1. Tests hold real answers to it. */

import { ADDRESS_POLICIES } from "../../report/manifest.js";
import { REPORT_SCHEMA } from "../../report/schema.js";
import { EVENTS, MEASURES, OUTCOMES, PLATFORMS } from "../../report/types.js";
import {
	BATCHES_PATH,
	ERASURE_VERDICTS,
	ERASURES_PATH,
	MAX_ERASURES,
	VERDICTS,
	WIRE_VERSION,
} from "../../report/wire.js";
import { MAX_EXPORT_PAGE, type ServerConfig, USUAL_EXPORT_PAGE } from "../config.js";
import { KEEPINGS } from "../privacy/kept-address.js";
import { RUN_STATUSES } from "../queries/stitch.js";
import { FORMATS } from "./request.js";

export const OPENAPI_PATH = "/v1/openapi.json";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ content: { "application/json": { schema } } });
const nullable = (type: string) => ({ type: [type, "null"] });
const instant = { type: "string", format: "date-time" } as const;
const text = { type: "string" } as const;
const wire = { const: WIRE_VERSION } as const;

const refusal = (description: string) => ({ description, ...json(ref("Refusal")) });
const REFUSALS = {
	"4XX": refusal("Nothing was done; the code says why."),
	"503": {
		...refusal("Not now."),
		headers: { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } },
	},
};

const REPORT_FIELDS = REPORT_SCHEMA.properties;

const verdict = (verdicts: readonly string[], more: object = {}) => ({
	type: "object",
	required: ["id", "verdict", ...Object.keys(more)],
	properties: {
		id: { ...nullable("string"), description: "As it was sent; null where there was none." },
		verdict: { enum: verdicts },
		code: { ...text, description: "Stable; says why one was rejected, or has to wait." },
		message: { ...text, description: "For people." },
		...more,
	},
});

const RUN = {
	project: text,
	run_id: REPORT_FIELDS.run_id,
	status: { enum: RUN_STATUSES },
	first_at: instant,
	last_at: instant,
	command: nullable("string"),
	version: nullable("string"),
	manifest_notice: nullable("integer"),
	test: { type: "boolean" },
	platform: { enum: [...PLATFORMS, null] },
	platform_inner: { enum: [...PLATFORMS, null] },
	weight: { type: "number", description: "How many runs it stands for." },
	outcome: { enum: [...OUTCOMES, null] },
	exit_code: nullable("integer"),
	signal: nullable("string"),
	kill_reason: nullable("string"),
	...Object.fromEntries(MEASURES.map((measure) => [measure, REPORT_FIELDS[measure]])),
	measured_by: { type: "object", additionalProperties: text },
	limits: {
		type: "object",
		required: ["memory_bytes", "wall_s", "cpus"],
		properties: { memory_bytes: nullable("number"), wall_s: nullable("number"), cpus: nullable("number") },
	},
	inputs: {
		type: "array",
		items: {
			type: "object",
			required: ["name", "unit", "size"],
			properties: { name: text, unit: text, size: nullable("number") },
		},
	},
	totals: {
		type: "array",
		items: { type: "object", required: ["unit", "size"], properties: { unit: text, size: nullable("number") } },
	},
	exception: nullable("object"),
	data: { type: "object" },
	events: { type: "integer", minimum: 1 },
};

const EVENT = {
	place: { type: "integer" },
	received_at: instant,
	occurred_at: { ...instant, description: "In the server's clock." },
	redacted: { type: "array", items: text },
	address: { ...nullable("string"), description: "What is kept of the address that it came from." },
	source: { ...nullable("string"), description: "A keyed hash of that, the same for a while." },
	report: ref("Report"),
};

const whole = (properties: object) => ({ type: "object", required: Object.keys(properties), properties });

const list = (properties: object) => ({ type: "array", items: whole(properties) });

const ACCOUNT = {
	project: text,
	registered: { type: "boolean" },
	notice: {
		description: "The newest that is registered; null where there is none.",
		anyOf: [
			{ type: "null" },
			whole({
				version: { type: "integer" },
				purpose: text,
				contact: text,
				url: nullable("string"),
				endpoint: text,
				sample: { type: "number", description: "The share of runs that report." },
				inputs: list({ name: text, unit: text, why: text }),
				data: list({ key: { ...nullable("string"), description: "Null for any." }, type: text, why: text }),
				example: { ...text, description: "A report, as it would leave." },
			}),
		],
	},
	standard: list({ field: text, name: text, what: text, why: text }),
	never: text,
	addresses: whole({
		policy: { enum: ADDRESS_POLICIES, description: "The operator's." },
		window_days: { type: "number" },
		kept: { enum: KEEPINGS, description: "Of reports under the newest notice." },
		in_words: text,
	}),
	retention: whole({
		kept_for: { ...nullable("string"), description: "ISO 8601; null for without an end." },
		in_words: text,
		chosen: { ...nullable("string"), description: "The operator's choice." },
		checked_at: nullable("string"),
	}),
	ways: list({ to: text, command: text }),
	versions: list({
		version: { type: "integer" },
		registered_at: instant,
		addresses: whole({ allows: { enum: ADDRESS_POLICIES }, kept: { enum: KEEPINGS } }),
		retention: whole({ says: text, kept_for: text }),
		changes: list({ path: { type: "array", items: text }, before: {}, after: {} }),
	}),
};

const query = (name: string, description: string, schema: object) => ({ name, in: "query", description, schema });

const COMMON_QUERY = [
	query("format", "json gives a page, the others all as a stream.", { enum: FORMATS, default: "json" }),
	query("project", "Exactly this one.", text),
	query("command", "Exactly this one.", text),
	query("version", "Exactly this one.", text),
	query("tests", "Whether test runs are given out.", { enum: ["without", "only", "with"], default: "without" }),
	query("since", "Not before: a date, or an instant in UTC.", text),
	query("until", "Before: a date, or an instant in UTC.", text),
	query("limit", `Most of them; in JSON ${USUAL_EXPORT_PAGE} unless given, and at most ${MAX_EXPORT_PAGE}.`, {
		type: "integer",
		minimum: 1,
	}),
	query("cursor", "A page's cursor: what follows it.", text),
];

const page = (name: string, item: string, cursor: object) => ({
	type: "object",
	required: [name, "cursor", "more"],
	properties: { [name]: { type: "array", items: ref(item) }, cursor, more: { type: "boolean" } },
});

const given = (schema: object) => ({
	description: "What there is.",
	content: {
		"application/json": { schema },
		"application/x-ndjson": { schema: text },
		"text/csv": { schema: text },
		"text/tab-separated-values": { schema: text },
		"application/vnd.apache.parquet": { schema: { type: "string", format: "binary" } },
	},
});

/** None is needed while there is no administrator, on the server's own machine. */
const READERS = [{ token: [] }, { session: [] }, {}];

/** @param version the program's */
export function openApi(version: string, { maxReports }: ServerConfig): object {
	return {
		openapi: "3.1.0",
		info: {
			title: "ET server",
			version,
			summary: "Receives usage reports of scripts, erases them for their users, and gives out what they say.",
			license: { name: "MIT", identifier: "MIT" },
		},
		paths: {
			[BATCHES_PATH]: {
				post: {
					operationId: "postBatch",
					summary: "Sends reports; each gets a verdict of its own.",
					requestBody: {
						required: true,
						description: "May be sent with Content-Encoding: gzip.",
						...json({
							type: "object",
							required: ["wire", "reports"],
							properties: {
								wire,
								sent_at: { ...instant, description: "The sender's clock." },
								lost: { type: "array", items: ref("LostCount") },
								reports: { type: "array", maxItems: maxReports, items: ref("Report") },
							},
						}),
					},
					responses: {
						"200": {
							description: "A verdict for each report, in their order.",
							...json(whole({ wire, verdicts: { type: "array", items: verdict(VERDICTS) } })),
						},
						...REFUSALS,
					},
				},
			},
			[ERASURES_PATH]: {
				post: {
					operationId: "postErasures",
					summary: "Erases runs, or takes fields out of reports, for whoever shows their erase keys.",
					requestBody: {
						required: true,
						...json(whole({ wire, erasures: { type: "array", maxItems: MAX_ERASURES, items: ref("Erasure") } })),
					},
					responses: {
						"200": {
							description: "A verdict for each, in their order.",
							...json(
								whole({
									wire,
									verdicts: {
										type: "array",
										items: verdict(ERASURE_VERDICTS, {
											receipt: nullable("string"),
											events: { type: "integer" },
											at: instant,
										}),
									},
								}),
							),
						},
						...REFUSALS,
					},
				},
			},
			"/v1/runs": {
				get: {
					operationId: "getRuns",
					summary: "Runs, newest first.",
					parameters: [...COMMON_QUERY, query("status", "How they stand.", { enum: RUN_STATUSES })],
					security: READERS,
					responses: { "200": given(page("runs", "Run", nullable("string"))), ...REFUSALS },
				},
			},
			"/v1/events": {
				get: {
					operationId: "getEvents",
					summary: "Reports, in the order in which the server heard of them.",
					parameters: [
						...COMMON_QUERY,
						query("event", "Of this kind.", { enum: EVENTS }),
						query("outcome", "With this outcome.", { enum: OUTCOMES }),
					],
					security: READERS,
					responses: { "200": given(page("events", "Event", text)), ...REFUSALS },
				},
			},
			"/v1/projects/{project}/privacy": {
				get: {
					operationId: "getPrivacy",
					summary: "What a project collects and why, and what becomes of it here; open to everybody.",
					parameters: [{ name: "project", in: "path", required: true, schema: text }],
					responses: {
						"200": { description: "What there is to say.", ...json(ref("Account")) },
						...REFUSALS,
					},
				},
			},
			"/healthz": {
				get: {
					operationId: "getHealth",
					summary: "Whether the server can store what is sent to it now.",
					responses: {
						"200": { description: "It can.", ...json(whole({ status: { const: "ok" }, wire })) },
						...REFUSALS,
					},
				},
			},
		},
		components: {
			securitySchemes: {
				token: { type: "http", scheme: "bearer", description: "Of one project, or of all; docs/access.md." },
				session: {
					type: "apiKey",
					in: "cookie",
					name: "et_session",
					description: "Of an administrator who is logged in.",
				},
			},
			schemas: {
				Report: { ...REPORT_SCHEMA, $id: undefined },
				LostCount: whole({ id: text, project: text, reason: text, count: { type: "integer", minimum: 1 } }),
				Erasure: {
					type: "object",
					required: ["id", "key"],
					properties: { id: text, key: text, report: text, fields: { type: "array", items: text } },
				},
				Run: whole(RUN),
				Event: whole(EVENT),
				Account: whole(ACCOUNT),
				Refusal: whole({ wire, error: whole({ code: text, message: text }) }),
			},
		},
	};
}
