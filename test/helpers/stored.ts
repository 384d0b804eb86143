/** What a server has, read from its SQLite file by another connection. */
import Database from "better-sqlite3";

/** The ids of all reports that a database holds, sorted; one that is there twice is there twice. */
export function storedReports({ database }: { database: string }): string[] {
	const connection = new Database(database, { readonly: true });
	try {
		const rows = connection.prepare("SELECT lower(hex(id)) AS id FROM events").all() as { id: string }[];
		return rows.map(({ id }) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")).sort();
	} finally {
		connection.close();
	}
}
