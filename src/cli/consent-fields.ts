/** What a user leaves out of a project's reports: said by `--without` and `--with`, and taken out of what waits. */
import { noticeDigest } from "../consent/change.js";
import type { ConsentRecord, Grant } from "../consent/record.js";
import { FIELD_WORDS } from "../report/fields.js";
import { ANY_KEY, type Manifest } from "../report/manifest.js";
import { isOptionalField, OPTIONAL_FIELDS, withoutFields } from "../report/optional-fields.js";
import type { SpoolFolders } from "../spool/layout.js";
import { redactedReport } from "../spool/redacted.js";
import { type WaitingEntry, waiting } from "../spool/waiting.js";
import { changeWaiting } from "./change-waiting.js";
import { usageError } from "./command.js";
import type { CliContext } from "./context.js";
import { namedLines, plural } from "./quantities.js";
import { nearest } from "./suggest.js";

const COMMAND = "consent";
const INPUTS = "inputs.";
const DATA = "data.";

const listed = (text: string): string[] =>
	text
		.split(",")
		.map((field) => field.trim())
		.filter((field) => field !== "");

/** All that can be left out of this project's reports. */
function choices({ inputs, data }: Manifest): string[] {
	const declared = [...Object.keys(inputs).map((name) => INPUTS + name), ...Object.keys(data).map((key) => DATA + key)];
	return [...OPTIONAL_FIELDS, ...declared.filter((field) => field !== DATA + ANY_KEY)];
}

function isChoice(field: string, manifest: Manifest, known: readonly string[]): boolean {
	if (known.includes(field)) return true;
	return ANY_KEY in manifest.data && field.startsWith(DATA) && isOptionalField(field);
}

/** @throws EtError `ET_USAGE` where a field is in no report of this project, or can't be missing in one */
function checked(fields: readonly string[], manifest: Manifest): readonly string[] {
	const known = choices(manifest);
	for (const field of fields) {
		if (isChoice(field, manifest, known)) continue;
		if (Object.hasOwn(FIELD_WORDS, field)) {
			throw usageError(COMMAND, `"${field}" can't be left out: without it a report can't be placed or counted.`);
		}
		const suggestion = nearest(field, known) ?? nearest(INPUTS + field, known) ?? nearest(DATA + field, known);
		const hint = suggestion === null ? `There are: ${known.join(", ")}.` : `Did you mean ${suggestion}?`;
		throw usageError(COMMAND, `No report of ${manifest.project} has a field "${field}". ${hint}`);
	}
	return fields;
}

export interface FieldChoice {
	/** As `--without` and `--with` give them, separated by commas. */
	without: string | undefined;
	with: string | undefined;
}

/**
 * What is to be left out, by what was and what the command line says. `--without` adds, so that it never lets more
 * leave than before; empty, it leaves out nothing.
 *
 * @throws EtError `ET_USAGE`
 */
export function chosenFields(former: readonly string[], choice: FieldChoice, manifest: Manifest): readonly string[] {
	const added = checked(listed(choice.without ?? ""), manifest);
	const kept = choice.without !== undefined && added.length === 0 ? [] : former;
	const putBack = listed(choice.with ?? "");
	const both = [...new Set([...kept, ...added])];
	for (const field of putBack) {
		if (both.includes(field)) continue;
		checked([field], manifest);
		throw usageError(COMMAND, `"${field}" is not left out, so it can't be put back.`);
	}
	return both.filter((field) => !putBack.includes(field));
}

/** What became of reports that were recorded before their user's choice. */
export interface TakenOut {
	/** Ids of the reports that lost fields. */
	redacted: readonly string[];
	/** Of these, the ids of those that were in a request before: a server may have them whole. */
	mayHaveLeft: readonly string[];
}

/** Takes fields out of what waits of a project. @throws the system's error; what is left is not sent with them all the same */
export function takeOut(
	context: CliContext,
	folders: SpoolFolders,
	project: string,
	fields: readonly string[],
): TakenOut {
	function* meant(): Generator<WaitingEntry> {
		for (const entry of waiting(folders)) {
			const { report } = entry.envelope;
			if (report.project === project && redactedReport(report, fields) !== null) yield entry;
		}
	}
	const { changed, mayHaveLeft } = changeWaiting(context, folders, meant, ({ envelope }) => ({
		...envelope,
		report: withoutFields(envelope.report, fields),
	}));
	return { redacted: changed, mayHaveLeft };
}

export const NOTHING_TAKEN: TakenOut = { redacted: [], mayHaveLeft: [] };

/** What became of what waited, in words; nothing where none of it had such fields. */
export function takenOutLines({ redacted, mayHaveLeft }: TakenOut): string[] {
	if (redacted.length === 0) return [];
	const lines = [`${plural(redacted.length, "report")} that waited had what you leave out: it was taken out.`];
	if (mayHaveLeft.length === 0) return lines;
	const head = `Of these, ${plural(mayHaveLeft.length, "report")} may have left before, with it:`;
	return [
		...lines,
		head,
		...namedLines(mayHaveLeft),
		"To have it taken out of these by their servers, too: et redact ID FIELD",
	];
}

type Agreed = ConsentRecord & { grant: Grant };

/** Whether the decision stays what it is, but for more that is left out: there is nothing to ask then. */
export function isNarrower(
	former: ConsentRecord,
	notice: Manifest,
	mode: ConsentRecord["mode"],
	without: readonly string[],
): former is Agreed {
	const { grant } = former;
	if (grant === null || former.mode !== mode || grant.notice.digest !== noticeDigest(notice)) return false;
	return without.length > grant.without.length && grant.without.every((field) => without.includes(field));
}
