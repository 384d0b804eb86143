/** What a database's name tells. A file of its own, since it is asked before any package of the server is needed. */

/** Whether it is a URL of PostgreSQL; everything else is the path of an SQLite file. */
export function isPostgresUrl(database: string): boolean {
	return /^postgres(ql)?:\/\//i.test(database);
}

/** The name as it may be printed: without a password. */
export function shownDatabase(database: string): string {
	if (!isPostgresUrl(database) || !URL.canParse(database)) return database;
	const url = new URL(database);
	for (const name of ["password", "sslpassword"]) url.searchParams.delete(name);
	url.password = "";
	return url.href;
}
