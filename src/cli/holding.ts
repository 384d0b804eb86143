/** What holds a report back, and what lets it go: one transform a word of its user. Pure. */
import type { Envelope } from "../spool/envelope.js";
import type { Transform } from "./change-waiting.js";

const HELD_BY_USER = "user";
const HELD_FOR_APPROVAL = "approve";

function withHold(envelope: Envelope, hold: string | null): Envelope | null {
	return envelope.hold === hold ? null : { ...envelope, hold };
}

/** It waits for its user's word, whatever held it before. */
export const hold: Transform = ({ envelope }) => withHold(envelope, HELD_BY_USER);

/** Takes back a hold; what waits to be approved still does. */
export const release: Transform = ({ envelope }) =>
	envelope.hold === HELD_FOR_APPROVAL ? null : withHold(envelope, null);

/** It may leave: now, and whatever its grant asks for. */
export const approve: Transform = ({ envelope }) =>
	envelope.hold === null && envelope.approved === true ? null : { ...envelope, hold: null, approved: true };

/** It waits to be approved, unless it was, or its user holds it. */
export const holdForApproval: Transform = ({ envelope }) =>
	envelope.hold === null && envelope.approved !== true ? { ...envelope, hold: HELD_FOR_APPROVAL } : null;
