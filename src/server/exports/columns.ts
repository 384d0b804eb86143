/** Runs and events as rows of a table. Pure. */
import { MEASURES } from "../../report/types.js";
import type { Run } from "../queries/stitch.js";
import type { StoredEvent } from "../store/types.js";
import { eventRecord, runRecord } from "./records.js";

/** `time` is an instant in UTC; `json` a value that has no column of its own. */
export type ColumnType = "text" | "integer" | "number" | "truth" | "time" | "json";

export type Cell = string | number | boolean | null;

export interface Column<T> {
	name: string;
	type: ColumnType;
	cell(item: T): Cell;
}

const INTEGERS: ReadonlySet<string> = new Set(["max_rss_bytes", "threads", "read_bytes", "written_bytes"]);
const LIMITS = ["memory_bytes", "wall_s", "cpus"] as const;

type RunRecord = ReturnType<typeof runRecord>;
type Table<T> = readonly (readonly [name: string, type: ColumnType, cell: (item: T) => unknown])[];

const RUN_TABLE: Table<RunRecord> = [
	["project", "text", (run) => run.project],
	["run_id", "text", (run) => run.run_id],
	["status", "text", (run) => run.status],
	["first_at", "time", (run) => run.first_at],
	["last_at", "time", (run) => run.last_at],
	["command", "text", (run) => run.command],
	["version", "text", (run) => run.version],
	["manifest_notice", "integer", (run) => run.manifest_notice],
	["test", "truth", (run) => run.test],
	["platform", "text", (run) => run.platform],
	["platform_inner", "text", (run) => run.platform_inner],
	["weight", "number", (run) => run.weight],
	["outcome", "text", (run) => run.outcome],
	["exit_code", "integer", (run) => run.exit_code],
	["signal", "text", (run) => run.signal],
	["kill_reason", "text", (run) => run.kill_reason],
	// The size of all inputs together, where all are of one unit.
	["input_size", "number", ({ totals }) => (totals.length === 1 ? totals[0]?.size : null)],
	["input_unit", "text", ({ totals }) => (totals.length === 1 ? totals[0]?.unit : null)],
	...measures<RunRecord>((run) => run),
	...LIMITS.map((name) => [`limit_${name}`, "number", (run: RunRecord) => run.limits[name]] as const),
	["exception_type", "text", (run) => run.exception?.type],
	["events", "integer", (run) => run.events],
	["inputs", "json", (run) => run.inputs],
	["measured_by", "json", (run) => run.measured_by],
	["exception_frames", "json", (run) => run.exception?.frames],
	["data", "json", (run) => run.data],
];

type EventRecord = ReturnType<typeof eventRecord>;

const EVENT_TABLE: Table<EventRecord> = [
	["place", "integer", (event) => event.place],
	["received_at", "time", (event) => event.received_at],
	["occurred_at", "time", (event) => event.occurred_at],
	["project", "text", ({ report }) => report.project],
	["run_id", "text", ({ report }) => report.run_id],
	["id", "text", ({ report }) => report.id],
	["event", "text", ({ report }) => report.event],
	["since_start_s", "number", ({ report }) => report.since_start_s],
	["command", "text", ({ report }) => report.command],
	["version", "text", ({ report }) => report.version],
	["manifest_notice", "integer", ({ report }) => report.manifest_notice],
	["test", "truth", ({ report }) => report.test],
	["platform", "text", ({ report }) => report.platform],
	["platform_inner", "text", ({ report }) => report.platform_inner],
	["weight", "number", ({ report }) => report.weight],
	["outcome", "text", ({ report }) => report.outcome],
	["exit_code", "integer", ({ report }) => report.exit_code],
	["signal", "text", ({ report }) => report.signal],
	["kill_reason", "text", ({ report }) => report.kill_reason],
	...measures<EventRecord>(({ report }) => report),
	...LIMITS.map((name) => [`limit_${name}`, "number", ({ report }: EventRecord) => report.limits?.[name]] as const),
	["exception_type", "text", ({ report }) => report.exception?.type],
	["inputs", "json", ({ report }) => report.inputs],
	["measured_by", "json", ({ report }) => report.measured_by],
	["exception_frames", "json", ({ report }) => report.exception?.frames],
	["data", "json", ({ report }) => report.data],
	["redacted", "json", (event) => event.redacted],
	["address", "text", (event) => event.address],
	["source", "text", (event) => event.source],
];

export const RUN_COLUMNS: readonly Column<Run>[] = columns(RUN_TABLE, runRecord);
export const EVENT_COLUMNS: readonly Column<StoredEvent>[] = columns(EVENT_TABLE, eventRecord);

function measures<T>(of: (item: T) => { [name in (typeof MEASURES)[number]]?: number | null }): Table<T> {
	return MEASURES.map((name) => [name, INTEGERS.has(name) ? "integer" : "number", (item) => of(item)[name]] as const);
}

function columns<Item extends object, Row>(table: Table<Row>, rowOf: (item: Item) => Row): Column<Item>[] {
	const rows = new WeakMap<Item, Row>();
	const row = (item: Item): Row => {
		const known = rows.get(item) ?? rowOf(item);
		rows.set(item, known);
		return known;
	};
	return table.map(([name, type, cell]) => ({ name, type, cell: (item) => cellOf(type, cell(row(item))) }));
}

function cellOf(type: ColumnType, value: unknown): Cell {
	if (value === undefined || value === null) return null;
	if (type === "json") return JSON.stringify(value);
	return value as Cell;
}
