/** What a key does to the report that is looked at: at once and for good, so that leaving loses nothing. */
import type { Envelope } from "../spool/envelope.js";
import type { SpoolFolders } from "../spool/layout.js";
import { type Changed, changeWaiting, type Find, type Transform } from "./change-waiting.js";
import type { CliContext } from "./context.js";
import { discard } from "./discard.js";
import { approve, hold } from "./holding.js";
import { redact, redactedLines } from "./redact.js";
import { copiesOf, type Item } from "./review-queue.js";

export type Fate = "let go" | "held" | "redacted" | "dropped";

export interface Done {
	/** Null where it waited no more, so that nothing was done. */
	fate: Fate | null;
	/** What is said about it, in a line. */
	message: string;
	mayHaveLeft: boolean;
	/** Makes the report again what it was; null where that can't be. @returns what is said about it */
	undo: (() => string) | null;
}

interface Parts {
	context: CliContext;
	folders: SpoolFolders;
	item: Item;
}

const LEFT_BEFORE = "It may have left before.";

const sentence = (said: string, { mayHaveLeft }: Pick<Changed, "mayHaveLeft">): string =>
	mayHaveLeft.length === 0 ? said : `${said} ${LEFT_BEFORE}`;

/** Its copies, followed to where a change has put them: else all that waits would be looked through for it. */
const following =
	({ folders, item }: Parts): Find =>
	(names) => {
		const name = names.get(item.id);
		if (name !== undefined && item.places.length === 1) item.places = [{ name, segment: null }];
		return copiesOf(folders, item);
	};

function change(parts: Parts, transform: Transform): Changed {
	return changeWaiting(parts.context, parts.folders, following(parts), transform);
}

const isNoMore = ({ changed, unchanged }: Changed): boolean => changed.length + unchanged.length === 0;

const NO_MORE = "It waits no more: it was sent, or removed by another command.";

/** What held it, and what let it go, as in the former envelope. */
const asBefore =
	({ hold: formerHold, approved }: Envelope): Transform =>
	({ envelope: { approved: _approved, ...rest } }) => ({
		...rest,
		hold: formerHold,
		...(approved === undefined ? {} : { approved }),
	});

function holding(parts: Parts, former: Envelope, fate: Fate, transform: Transform, said: string): Done {
	const done = change(parts, transform);
	const undo = () => {
		const undone = change(parts, asBefore(former));
		return isNoMore(undone) ? NO_MORE : sentence("Undone.", undone);
	};
	const message = isNoMore(done) ? NO_MORE : sentence(said, done);
	return {
		fate: isNoMore(done) ? null : fate,
		message,
		mayHaveLeft: done.mayHaveLeft.length > 0,
		undo: isNoMore(done) ? null : undo,
	};
}

export const letGo = (parts: Parts, former: Envelope): Done =>
	holding(parts, former, "let go", approve, "Let go: et-uploader sends it at its next turn.");

export const holdBack = (parts: Parts, former: Envelope): Done =>
	holding(parts, former, "held", hold, "Held until et release.");

export function takeOut(parts: Parts, former: Envelope, fields: readonly string[]): Done {
	const { context, folders, item } = parts;
	const done = redact(context, folders, { id: item.id, fields }, following(parts));
	const undo = () => {
		const undone = change(parts, ({ envelope }) => ({ ...envelope, report: former.report }));
		return isNoMore(undone) ? NO_MORE : sentence("Undone.", undone);
	};
	return {
		fate: done.taken_out || done.server === "asked" ? "redacted" : null,
		message: redactedLines(done).join(" "),
		mayHaveLeft: done.may_have_left,
		// A server that was asked can't be asked to put it back.
		undo: done.taken_out && !done.may_have_left ? undo : null,
	};
}

export function drop({ context, folders, item }: Parts): Done {
	const isWanted = ({ envelope }: { envelope: Envelope }) => envelope.report.id === item.id;
	const done = discard(context, folders, isWanted, "dropped_by_user", copiesOf(folders, item));
	const isGone = done.waiting.length === 0;
	const message = isGone ? NO_MORE : sentence("Dropped.", done);
	return { fate: isGone ? null : "dropped", message, mayHaveLeft: done.mayHaveLeft.length > 0, undo: null };
}
