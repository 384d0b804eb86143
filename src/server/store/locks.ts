/**
 * The advisory locks of PostgreSQL by which several processes share one database. All are bound to a transaction: who
 * dies lets go.
 *
 * - `GATE`: intakes share it, an erasure has it alone. So between an intake's question for tombstones and its commit no
 *   run is erased, and what an erasure deletes is all that there is.
 * - `SCHEMA`: who migrates, or replaces everything, has it alone.
 * - `FLOOR` + n: an intake under way, whose events all get places (`seq`) above n. Places are given before a commit, and
 *   commits come in any order; so a page may count only on places up to the lowest floor: below it, nothing comes any
 *   more.
 */
const OURS = 0x4554n << 48n;

export const GATE = OURS + 1n;
export const SCHEMA = OURS + 2n;
/** Places have 48 bits: 280 million million. */
const FLOOR = 0x4553n << 48n;

/** Begins a transaction that stores events. */
export const BEGIN_INTAKE = `BEGIN; SELECT pg_advisory_xact_lock_shared(${GATE}),
	pg_advisory_xact_lock_shared(${FLOOR} + last_value - (NOT is_called)::int) FROM events_seq_seq`;

/** The last place that was given; to be asked before {@link LOWEST_FLOOR}, so that nothing comes between unseen. */
export const LAST_PLACE = "SELECT last_value - (NOT is_called)::int AS place FROM events_seq_seq";

export const LOWEST_FLOOR = `SELECT min((classid::bigint & 65535) << 32 | objid::bigint) AS place FROM pg_locks
	WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = ${FLOOR >> 48n}
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
