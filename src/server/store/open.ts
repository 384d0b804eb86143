/** Which engine stands behind a database's name. */
import { openSqliteStore } from "./sqlite.js";
import type { Store } from "./types.js";

/**
 * Opens the store that a database names, made where it is missing, and brings its schema up to date.
 *
 * @param database the path of an SQLite file
 * @throws EtError as {@link openSqliteStore} does
 */
export async function openStore(database: string): Promise<Store> {
	return openSqliteStore(database);
}
