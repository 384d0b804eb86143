/** Figures as people read them. Everything is in English and in UTC; what is not known is not formatted here. */

const KIB = 1024;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const MS_PER_S = 1000;
const S_PER_MINUTE = 60;
const S_PER_HOUR = 3600;
const S_PER_DAY = 86_400;
const MS_PER_DAY = 86_400_000;
/** The dates that ECMAScript's Date can tell, in days from the epoch. */
const MAX_DAYS = 100_000_000;

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 20 });
const threeDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** From here on, digits say less than their number. */
const MOST_GROUPED = 1e15;
/** From here on, hours are noise. */
const MOST_DAYS_WITH_HOURS = 1000;

/** `1,234,567`, `0.00271`, `1e+300`: all digits that there are. */
export function formatNumber(value: number): string {
	return Math.abs(value) < MOST_GROUPED ? exact.format(value) : value.toExponential();
}

/** `512 B`, `5.72 GiB`. */
export function formatBytes(bytes: number): string {
	let size = bytes;
	let unit = 0;
	// 1023.5 would be shown as 1,020 or 1,024 of a unit: three digits always fit.
	while (size >= KIB - 0.5 && unit < BYTE_UNITS.length - 1) {
		size /= KIB;
		unit++;
	}
	return `${roundToThree(size)} ${BYTE_UNITS[unit]}`;
}

/** `340 ms`, `12.3 s`, `4 min 05 s`, `3 h 07 min`, `2 d 04 h`. */
export function formatSeconds(seconds: number): string {
	if (seconds === 0) return "0 s";
	if (seconds < 0.9995) return `${threeDigits.format(seconds * MS_PER_S)} ms`;
	if (seconds < S_PER_MINUTE - 0.05) return `${threeDigits.format(seconds)} s`;
	if (seconds < S_PER_HOUR - 0.5) return twoUnits(seconds, S_PER_MINUTE, "min", 1, "s");
	if (seconds < S_PER_DAY - S_PER_MINUTE / 2) return twoUnits(seconds, S_PER_HOUR, "h", S_PER_MINUTE, "min");
	const days = seconds / S_PER_DAY;
	return days < MOST_DAYS_WITH_HOURS ? twoUnits(seconds, S_PER_DAY, "d", S_PER_HOUR, "h") : `${roundToThree(days)} d`;
}

/** An amount of an input: bytes in their own way, everything else grouped, with its unit. */
export function formatAmount(size: number, unit: string): string {
	return unit === "bytes" || unit === "byte" ? formatBytes(size) : `${formatNumber(size)} ${unit}`;
}

/** `2026-01-31 12:00`, in UTC. */
export function formatMinute(ms: number): string {
	return formatInstant(ms).slice(0, "YYYY-MM-DD hh:mm".length);
}

/** `2026-01-31 12:00:05`, in UTC. */
export function formatInstant(ms: number): string {
	return isoInstant(ms).slice(0, "YYYY-MM-DDThh:mm:ss".length).replace("T", " ");
}

/** ISO 8601 for a `datetime` attribute; a time beyond all calendars is shown as the last there is. */
export function isoInstant(ms: number): string {
	const limit = MAX_DAYS * MS_PER_DAY;
	return new Date(Math.min(Math.max(ms, -limit), limit)).toISOString();
}

/** Three digits, and more only where whole numbers have them. */
function roundToThree(value: number): string {
	if (value >= MOST_GROUPED) return value.toExponential(2);
	return value >= 100 ? whole.format(value) : threeDigits.format(value);
}

function twoUnits(seconds: number, major: number, majorName: string, minor: number, minorName: string): string {
	const minors = Math.round(seconds / minor);
	const perMajor = major / minor;
	const rest = String(minors % perMajor).padStart(2, "0");
	return `${whole.format(Math.floor(minors / perMajor))} ${majorName} ${rest} ${minorName}`;
}
