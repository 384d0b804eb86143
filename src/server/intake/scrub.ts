/**
 * The client's scrubber, once more: a report may come from a client that is old, foreign, or has a fault. What it finds
 * is replaced before anything is stored; the report is accepted all the same. A report of our own client stays as it is.
 */
import { scrubFileName, scrubLabel, scrubText, scrubUnit, scrubVersion } from "../../report/scrub.js";
import type { DataValue } from "../../report/types.js";
import type { StoredReport } from "../store/types.js";

type Scrub = (text: string) => string;

/** What a text was scrubbed to is remembered for so many texts: names of commands and units come again and again. */
const MAX_REMEMBERED = 2_000;
/** Longer texts are rarely the same twice. In characters. */
const MAX_REMEMBERED_LENGTH = 100;

function remembering(scrub: Scrub): Scrub {
	const known = new Map<string, string>();
	return (text) => {
		if (text.length > MAX_REMEMBERED_LENGTH) return scrub(text);
		const found = known.get(text);
		if (found !== undefined) return found;
		if (known.size >= MAX_REMEMBERED) known.clear();
		const clean = scrub(text);
		known.set(text, clean);
		return clean;
	};
}

const label = remembering((text) => scrubLabel(text));
const version = remembering((text) => scrubVersion(text));
const unit = remembering(scrubUnit);

/** A string scrubbed; anything else as it is. */
function texts<T>(value: T, scrub: Scrub): T {
	return typeof value === "string" ? (scrub(value) as T) : value;
}

/** What is left nameless is told apart from what was not given. */
const NAMELESS = "?";

interface Scrubs {
	label: Scrub;
	version: Scrub;
	unit: Scrub;
	file: Scrub;
	text: Scrub;
}

type StoredInput = NonNullable<StoredReport["inputs"]>[number];
type StoredException = NonNullable<StoredReport["exception"]>;
type StoredFrame = NonNullable<StoredException["frames"]>[number];

function scrubInput(input: StoredInput, { label, unit }: Scrubs): StoredInput {
	const clean: StoredInput = { ...input, unit: unit(input.unit) };
	if (clean.measured_by) clean.measured_by = label(clean.measured_by);
	return clean;
}

function scrubFrame(frame: StoredFrame, { label, file }: Scrubs): StoredFrame {
	const clean: StoredFrame = { ...frame, file: file(frame.file) || NAMELESS };
	if (clean.function) clean.function = label(clean.function);
	return clean;
}

function scrubException(exception: StoredException, scrubs: Scrubs): StoredException {
	const clean: StoredException = { ...exception, type: scrubs.label(exception.type) || NAMELESS };
	if (clean.frames) clean.frames = clean.frames.map((frame) => scrubFrame(frame, scrubs));
	return clean;
}

function scrubValues<V extends DataValue | undefined>(values: Record<string, V>, scrub: Scrub): Record<string, V> {
	return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, texts(value, scrub)]));
}

function scrubFields(report: StoredReport, scrubs: Scrubs): StoredReport {
	const clean: StoredReport = { ...report };
	if (clean.command) clean.command = scrubs.label(clean.command);
	if (clean.version) clean.version = scrubs.version(clean.version);
	if (clean.kill_reason) clean.kill_reason = scrubs.label(clean.kill_reason);
	if (clean.measured_by) clean.measured_by = scrubValues(clean.measured_by, scrubs.label);
	if (clean.inputs) clean.inputs = clean.inputs.map((input) => scrubInput(input, scrubs));
	if (clean.exception) clean.exception = scrubException(clean.exception, scrubs);
	if (clean.data) clean.data = scrubValues(clean.data, scrubs.text);
	return clean;
}

/**
 * A report without what no client of ours would have left in it, its fields in their order; or the same report where
 * nothing is found.
 */
export function scrubReport(report: StoredReport): StoredReport {
	let found = false;
	const noting =
		(scrub: Scrub): Scrub =>
		(text) => {
			const clean = scrub(text);
			if (clean !== text) found = true;
			return clean;
		};
	const clean = scrubFields(report, {
		label: noting(label),
		version: noting(version),
		unit: noting(unit),
		file: noting((text) => scrubFileName(text)),
		text: noting((text) => scrubText(text)),
	});
	return found ? clean : report;
}
