/** Which engine stands behind a database's name. Each is loaded when it is wanted, and with it its packages. */
import { isPostgresUrl } from "./database-name.js";
import type { SharedStore } from "./shared-store.js";

/**
 * Opens the store that a database names, made where it is missing, and brings its schema up to date.
 *
 * @param database the path of an SQLite file, or a URL of PostgreSQL
 * @throws EtError `ET_STORE_UNAVAILABLE`, `ET_STORE_NEWER`, `ET_SERVER_PACKAGES_MISSING`
 */
export async function openStore(database: string): Promise<SharedStore> {
	if (isPostgresUrl(database)) return (await import("./postgres.js")).openPostgresStore(database);
	return (await import("./sqlite.js")).openSqliteStore(database);
}
