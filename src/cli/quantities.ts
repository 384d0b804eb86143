/** Numbers as people read them. */

const SECOND_MS = 1000;
const UNITS: readonly (readonly [letter: string, milliseconds: number])[] = [
	["d", 24 * 60 * 60 * SECOND_MS],
	["h", 60 * 60 * SECOND_MS],
	["m", 60 * SECOND_MS],
	["s", SECOND_MS],
];

/** How long ago, in its largest unit (`3h`); `?` where it can't be told, or lies ahead. */
export function age(iso: string, nowMs: number): string {
	const passedMs = nowMs - Date.parse(iso);
	if (Number.isNaN(passedMs) || passedMs < 0) return "?";
	const [letter, unitMs] = UNITS.find(([, milliseconds]) => passedMs >= milliseconds) ?? ["s", SECOND_MS];
	return `${Math.floor(passedMs / unitMs)}${letter}`;
}

const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;
const KIBI = 1024;

export function byteCount(bytes: number): string {
	const power = bytes < KIBI ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log(bytes) / Math.log(KIBI)));
	const amount = bytes / KIBI ** power;
	return `${power === 0 ? amount : amount.toFixed(1)} ${BYTE_UNITS[power]}`;
}

function grouped(count: number): string {
	return count.toLocaleString("en-US");
}

/** `1 report`, `1,200 reports`. */
export function plural(count: number, noun: string): string {
	return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Of many names the first say enough. */
const MOST_NAMED = 5;

/** The first of some names, a line each, and how many more there are. @param where the rest is listed */
export function namedLines(names: readonly string[], where = ""): string[] {
	const some = names.slice(0, MOST_NAMED).map((name) => `  ${name}`);
	return names.length > MOST_NAMED ? [...some, `  and ${grouped(names.length - MOST_NAMED)} more${where}`] : some;
}
