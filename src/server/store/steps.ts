/**
 * What has to happen in one transaction, written once for both engines.
 *
 * Steps hand out a query and are given its rows. So the engine's own file decides how a transaction is held together,
 * which in SQLite must not wait for anything: another request would come between.
 */
import type { Compilable, CompiledQuery } from "kysely";

export type Steps<T> = Generator<CompiledQuery, T, unknown[]>;

/** One step: the rows of a query, none for one that only changes something. */
export function* rows<R>(query: Compilable<R>): Steps<R[]> {
	return (yield query.compile()) as R[];
}
