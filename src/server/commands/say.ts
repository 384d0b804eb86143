/** What commands print. */
import type { StoreCounts } from "../store/types.js";

const TELL_EVERY_MS = 1_000;

/** To the error stream, at most once a second, so that who waits sees that it goes on. */
export function progress(): (table: string, rows: number) => void {
	let next = Date.now() + TELL_EVERY_MS;
	return (table, rows) => {
		if (Date.now() < next) return;
		next = Date.now() + TELL_EVERY_MS;
		process.stderr.write(`${table}: ${number(rows)} rows ...\n`);
	};
}

export function say(...lines: readonly string[]): void {
	process.stdout.write(`${lines.join("\n")}\n`);
}

export function number(value: number): string {
	return value.toLocaleString("en");
}

export function contents({ events, runs, projects, erased }: StoreCounts): string {
	return `${number(events)} reports of ${number(runs)} runs in ${number(projects)} projects; ${number(erased)} erased runs`;
}

export function sayJson(value: unknown): void {
	say(JSON.stringify(value, null, "\t"));
}
