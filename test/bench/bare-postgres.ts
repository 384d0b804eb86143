/** The floor of a receiver on PostgreSQL: Fastify and pg, which take a batch's reports by unnest and look at nothing. */
import fastify from "fastify";
import pg from "pg";

const [database = ""] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: database });
await pool.query("CREATE TABLE IF NOT EXISTS report (id uuid PRIMARY KEY, body text NOT NULL)");
const insert = `INSERT INTO report SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING`;

const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
app.post<{ Body: { reports: { id: string }[] } }>("/", async ({ body: { reports } }) => {
	const columns = [reports.map(({ id }) => id), reports.map((report) => JSON.stringify(report))];
	await pool.query({ name: "insert", text: insert, values: columns });
	return { stored: reports.length };
});
process.stdout.write(`listens on ${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
process.on("SIGTERM", () => void app.close().then(() => pool.end()));
