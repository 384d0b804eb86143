/**
 * Paths, which are whatever has a separator in it and is not known to be something else. What is known (ratios, units,
 * genotypes) gets spaces around its strokes, so that no separator is left between word characters.
 */

const PATH = "[path]";

/** A path in quotes may hold spaces. Apostrophes within words open and close nothing. */
const QUOTED = /(?<![\p{L}\p{N}])(["'`])((?:(?!\1).){1,400})\1|[\u2018\u201c]([^\u2019\u201d]{1,400})[\u2019\u201d]/gu;
/** A drive's path may hold spaces where a folder follows. */
const DRIVE_PATH = /(?<![A-Za-z0-9])[A-Za-z]:[\\/](?:[^\\/:*?"<>|\s]+(?: [^\\/:*?"<>|\s]+){0,3}[\\/])*[^\s"'<>]*/g;
const PRIMES = /([35]['\u2032])\/([35]['\u2032])/g;
/** A path that begins like one reaches to the next space, whatever stands in it; a backslash keeps a space in. */
const ROOTED =
	/(?<![^\s"'<>:;,=()[\]{}|`\u2018\u201c])(?:~[\w.-]*|\.{1,2}|[$%][\w{}]{1,40}%?)?[\\/](?:\\ |[^\s"'<>`\u2019\u201d])*/g;
const RELATIVE =
	/(?<![^\s"'<>:;,=()`\u2018\u201c])[^\s"'<>:;,=()`\u2018\u201c\\/]+[\\/](?:\\ |[^\s"'<>`\u2019\u201d])*/g;
/** `~ada`, but not `y~x`, nor `~5`. */
const HOME = /(?<![\p{L}\p{N})\]~.=])~[a-z_][\w.-]*/giu;

/** What closes a sentence or a bracket after a path. */
const TAIL = /[.,;:!?)\]}]+$/;
const BETWEEN_WORDS = /(?<=[\p{L}\p{N}_])[\\/](?=[\p{L}\p{N}_])/gu;
const SEPARATOR = /[\\/]/;

const NUMBER = "[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:e[-+]?\\d+)?";
/** `1e-5/2`, `3/4%`, `2024/01/15`, `0/1:35:99`. */
const NUMBERS = new RegExp(`^${NUMBER}(?:/${NUMBER}){1,3}(?:%|x|:[\\d.,:]+)?$`, "i");
/** Alleles and bases, with IUPAC's ambiguity codes; single letters, such as `m/z` and `n/a`. */
const LETTERS = /^(?:[a-z]\/[a-z]|[ACGTUNRYKMSWBDHV*-]{1,12}(?:\/[ACGTUNRYKMSWBDHV*-]{1,12}){1,3})$/i;
const MEASURED = [
	..."reads read pairs pair bases base bytes byte records record cells cell counts count genes variants sites events".split(
		" ",
	),
	..."sequences files runs jobs molecules spots pixels frames samples iterations steps".split(" "),
	..."b kb mb gb tb kib mib gib tib bp kbp mbp gbp fg pg ng ug mg g kg nl ul ml l nm um mm cm m km mol mmol umol nmol j kj cal kcal w kw wh kwh v mv".split(
		" ",
	),
	..."cpu gpu core cores \u00b5g \u00b5l \u00b5m \u03bcg \u03bcl \u03bcm".split(" "),
].join("|");
const PER =
	"s|sec|second|ms|us|ns|min|minute|h|hr|hour|d|day|week|month|y|year|core|cpu|gpu|node|thread|job|run|sample|cell|read|base|base pair|bp|kb|mb|gene|site|ml|ul|l|dl|\u00b5l|\u03bcl|g|kg|mg|mm2|cm2|m2|mm3|mol|umi";
/** `reads/s`, `12 mg/ml`, `1.5GB/core`. */
const RATE = new RegExp(`^(?:${NUMBER})?(?:${MEASURED})/(?:${PER})$|^${NUMBER}/(?:${PER})$`, "iu");
/** Words that stand on both sides of a stroke in prose and in this field. */
const PAIRS = new Set(
	(
		"and/or either/or yes/no true/false on/off in/out input/output read/write start/end min/max mean/median up/down " +
		"case/control tumor/normal tumour/normal forward/reverse left/right male/female ref/alt sense/antisense " +
		"ka/ks dn/ds ts/tv ti/tv fp/fn tp/fp tcp/ip n/a w/o signal/noise observed/expected obs/exp wt/ko mt/wt"
	).split(" "),
);

function isScience(word: string): boolean {
	if (word.includes("\\")) return false;
	return NUMBERS.test(word) || LETTERS.test(word) || RATE.test(word) || PAIRS.has(word.toLowerCase());
}

const apart = (word: string): string => word.replace(BETWEEN_WORDS, " / ");

/** A missing genotype, or a stroke alone: no path. */
const isNoPath = (word: string): boolean => word === "./." || word === "/" || word === "\\" || word === "";

function withoutPath(found: string): string {
	const end = found.search(TAIL);
	const tail = end === -1 || found === "./." ? "" : found.slice(end);
	const word = tail === "" ? found : found.slice(0, end);
	if (isNoPath(word)) return found;
	return (isScience(word) ? apart(word) : PATH) + tail;
}

/** What of a quoted text is a path: all of it, where one word of it is. */
function withoutQuoted(found: string, quote: string | undefined, inner: string | undefined, curly: string): string {
	const text = inner ?? curly;
	if (!SEPARATOR.test(text)) return found;
	const isProse = text.split(" ").every((word) => !SEPARATOR.test(word) || isNoPath(word) || isScience(word));
	if (isProse) return found;
	return quote === undefined ? `${found[0]}${PATH}${found.at(-1)}` : `${quote}${PATH}${quote}`;
}

export function withoutPaths(text: string): string {
	const found = SEPARATOR.test(text)
		? text
				.replace(PRIMES, "$1 / $2")
				.replace(QUOTED, withoutQuoted)
				.replace(DRIVE_PATH, withoutPath)
				.replace(ROOTED, withoutPath)
				.replace(RELATIVE, withoutPath)
				.replace(BETWEEN_WORDS, " / ")
		: text;
	return found.replace(HOME, PATH);
}
