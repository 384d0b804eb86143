/** The floor of a receiver: Fastify and better-sqlite3, which take a batch's reports by their ids and look at nothing. */
import Sqlite from "better-sqlite3";
import fastify from "fastify";

const [database = ""] = process.argv.slice(2);
const db = new Sqlite(database);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec("CREATE TABLE report (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID");
const insert = db.prepare("INSERT OR IGNORE INTO report VALUES (?, ?)");
const insertAll = db.transaction((reports: { id: string }[]) => {
	for (const report of reports) insert.run(report.id, JSON.stringify(report));
});

const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
app.post<{ Body: { reports: { id: string }[] } }>("/", async ({ body }) => {
	insertAll(body.reports);
	return { stored: body.reports.length };
});
process.stdout.write(`listens on ${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
process.on("SIGTERM", () => void app.close().then(() => db.close()));
