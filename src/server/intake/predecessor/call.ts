/**
 * What a script of the predecessor says of one event of its run, and the report that it amounts to. Pure: the wire is
 * that of its `phone.py`, the questions and refusals are those of its server, in their order.
 */
import { createHash } from "node:crypto";
import { reportId, runIdOf } from "../../../report/ids.js";
import { MAX_ENTRIES, MAX_FRAMES, MAX_LABEL_LENGTH, MAX_TEXT_LENGTH, NAME_PATTERN } from "../../../report/limits.js";
import { ownFrames } from "../../../report/traceback/frames.js";
import {
	type DataValue,
	PLATFORMS,
	type Platform,
	UNKNOWN_UNIT,
	type WireException,
	type WireInput,
} from "../../../report/types.js";
import { Refusal } from "../../http/refusal.js";
import { isObject } from "../entries.js";

export const CALL_EVENTS = ["start", "prelim", "end"] as const;
export type CallEvent = (typeof CALL_EVENTS)[number];

/** One call, as it was sent. */
export interface Call {
	event: CallEvent;
	project: string;
	script: string;
	version: string | null;
	runId: string;
	test: boolean;
	platform: string;
	/** What the script says of its run: anything that JSON has. */
	run: unknown;
}

/** The predecessor kept this many characters of each. */
const MAX_NAME_LENGTH = 200;
/** Characters of what was sent that a refusal quotes. */
const MAX_QUOTED_LENGTH = 1000;
/** What Django's BooleanField, in which the predecessor kept `test`, takes for yes. */
const YES: readonly unknown[] = [true, 1, "1", "t", "True", "true"];

/** @throws Refusal when it is no call of the predecessor's */
export function readCall(event: string, value: unknown, body: Buffer): Call {
	if (value === undefined) throw refusal("The body is not JSON in UTF-8");
	if (!isObject(value) || !["project", "script", "version", "run_id"].every((key) => Object.hasOwn(value, key))) {
		throw refusal(`Missing keys in POST data ("${quoted(body)}")`);
	}
	if (!isCallEvent(event)) throw refusal(`Unrecognized event type "${event.slice(0, MAX_QUOTED_LENGTH)}"`);
	if (event !== "start" && !Object.hasOwn(value, "run")) {
		throw refusal(`Missing "run" key in POST data ("${quoted(body)}")`);
	}
	return {
		event,
		project: readName(value, "project"),
		script: readName(value, "script"),
		version: readVersion(value.version),
		runId: readName(value, "run_id"),
		test: YES.includes(value.test),
		platform: typeof value.platform === "string" ? value.platform : "",
		run: value.run,
	};
}

/**
 * The report that a call amounts to, for the intake to judge like any other.
 *
 * Its id follows from the body, so that a request which is repeated byte for byte is a duplicate. The script's clock is
 * not told: it happened when it was received.
 */
export function toReport(call: Call, body: Buffer, receivedAtMs: number): Record<string, unknown> {
	return {
		id: reportId(0, createHash("sha256").update(`${call.event}\n`).update(body).digest()),
		run_id: runIdOf(eraseKeyOf(call.project, call.runId)),
		event: call.event,
		project: projectOf(call.project),
		command: call.script.slice(0, MAX_LABEL_LENGTH),
		version: call.version?.slice(0, MAX_LABEL_LENGTH) ?? null,
		occurred_at: new Date(receivedAtMs).toISOString(),
		test: call.test,
		platform: platformOf(call.platform),
		...(call.event === "start" ? {} : toldOf(call)),
	};
}

/**
 * The erase key of a run of the predecessor's: who knows the run id that the script made, which no page shows, can have
 * the run erased. In a shell: `printf 'et-predecessor\n%s\n%s' "$project" "$run_id" | sha256sum | cut -c1-32`.
 */
export function eraseKeyOf(project: string, runId: string): string {
	return sha256(`et-predecessor\n${project}\n${runId}`).slice(0, 32);
}

/** The project's name, or where it is no name of ours one that is made of it, and of no other. */
export function projectOf(project: string): string {
	if (NAME_PATTERN.test(project)) return project;
	const readable = project
		.replaceAll(/[^A-Za-z0-9._-]+/g, "-")
		.replace(/^[._-]+/, "")
		.slice(0, 50);
	return `${readable || "project"}-${sha256(project).slice(0, 12)}`;
}

/** What is told of a run: the keys that the predecessor's own scripts used become fields, and all others data. */
function toldOf({ event, platform, run }: Call): Record<string, unknown> {
	const told = isObject(run) ? run : {};
	const wallS = amountOf(told.time);
	return {
		...(event === "end" ? { outcome: isTrue(told.failed) ? "failed" : "ok" } : {}),
		wall_s: wallS,
		measured_by: wallS === null ? {} : { wall_s: "script" },
		inputs: inputsOf(told),
		exception: exceptionOf(told.exception),
		data: dataOf(told, platform),
	};
}

/** Python's truth, as far as JSON goes. */
function isTrue(value: unknown): boolean {
	return Array.isArray(value) ? value.length > 0 : isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

function inputsOf(told: Record<string, unknown>): WireInput[] {
	if (!isSize(told.input_size)) return [];
	return [{ name: "input_size", unit: UNKNOWN_UNIT, size: amountOf(told.input_size) }];
}

/** The size of an input; null for one that is read from a pipe. */
function isSize(value: unknown): boolean {
	return value === null || amountOf(value) !== null;
}

/** Its type and the project's own places in it. The lines of code that the predecessor sent are not kept. */
function exceptionOf(value: unknown): WireException | null {
	if (!isObject(value) || typeof value.type !== "string") return null;
	const entries = Array.isArray(value.traceback) ? value.traceback.filter(isObject) : [];
	const places = entries.slice(-MAX_FRAMES).map(({ file, line, function: name }) => ({
		path: typeof file === "string" ? file : null,
		line: Number.isSafeInteger(line) && (line as number) >= 0 ? (line as number) : null,
		function: typeof name === "string" ? name.slice(0, MAX_LABEL_LENGTH) : null,
	}));
	const frames = ownFrames({ type: value.type, places: [places.reverse()] }, undefined);
	return {
		type: value.type.slice(0, MAX_LABEL_LENGTH),
		frames: frames.map((frame) => ({ ...frame, file: frame.file.slice(0, MAX_LABEL_LENGTH) || "?" })),
	};
}

/** All that is told besides and that data can hold: lists and objects it cannot. */
function dataOf(told: Record<string, unknown>, platform: string): Record<string, DataValue> {
	const named = platform === "" || platformOf(platform) !== null ? told : { platform, ...told };
	const entries = Object.entries(named).flatMap(([key, value]): Array<[string, DataValue]> => {
		if (!NAME_PATTERN.test(key) || isField(key, value)) return [];
		if (typeof value === "string") return [[key, value.slice(0, MAX_TEXT_LENGTH)]];
		if (typeof value === "number") return [[key, Number.isFinite(value) ? value : null]];
		return typeof value === "boolean" || value === null ? [[key, value]] : [];
	});
	return Object.fromEntries(entries.slice(0, MAX_ENTRIES));
}

/** Whether what stands under a key has become a field. */
function isField(key: string, value: unknown): boolean {
	if (key === "input_size") return isSize(value);
	return key === "time" ? value === null || amountOf(value) !== null : key === "failed" || key === "exception";
}

function platformOf(text: string): Platform | null {
	return PLATFORMS.find((platform) => platform === text.toLowerCase()) ?? null;
}

function amountOf(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function isCallEvent(text: string): text is CallEvent {
	return (CALL_EVENTS as readonly string[]).includes(text);
}

/** @throws Refusal */
function readName(value: Record<string, unknown>, key: string): string {
	const name = value[key];
	if (typeof name !== "string" || name === "") throw refusal(`The value of "${key}" is not a text`);
	if (name.length > MAX_NAME_LENGTH) throw refusal(`The value of "${key}" has more than ${MAX_NAME_LENGTH} characters`);
	if (hasControls(name)) throw refusal(`The value of "${key}" has control characters`);
	return name;
}

/** A script that does not know its version says null. @throws Refusal */
function readVersion(value: unknown): string | null {
	if (value === null || value === "") return null;
	if (typeof value === "number") return String(value);
	return readName({ version: value }, "version");
}

function hasControls(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code < 0x20 || code === 0x7f) return true;
	}
	return false;
}

function quoted(body: Buffer): string {
	return body.toString("utf8").slice(0, MAX_QUOTED_LENGTH);
}

function sha256(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}

function refusal(message: string): Refusal {
	return new Refusal("bad_request", message);
}
