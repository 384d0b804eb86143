/**
 * What may not leave is taken out of texts here, on the client and once more on a server. Pure: text in, text out.
 *
 * Most texts are a few plain words. They are told by one loop, and only the others are taken to the rules, which stand
 * in a file that the client loads when it needs it (docs/scrubbing.md says what each rule removes).
 */
import { MAX_LABEL_LENGTH, MAX_TEXT_LENGTH } from "./limits.js";
import { baseName, plainText } from "./plain.js";
import { applyRules } from "./scrub/rules.js";

export { baseName, plainText };

/** Words, in lower case, that name the user or the machine: see {@link ownNames}. */
export type OwnNames = readonly string[];

const NO_NAMES: OwnNames = [];

/** Shorter names are units and syllables, too: taking them out would make texts unreadable. */
const SHORTEST_NAME = 3;

/** Accounts that name nobody, and words that the rules themselves put into texts. */
const NOBODYS = [
	..."admin administrator anonymous apache conda container data default docker galaxy guest home jovyan".split(" "),
	..."localhost localdomain local mamba nobody node nodejs python root runner rstudio slurm test ubuntu user users".split(
		" ",
	),
	..."vagrant worker www-data address email host name path secret url".split(" "),
];

function addName(names: string[], name: string | undefined): void {
	const word = name?.toLowerCase() ?? "";
	if (word.length >= SHORTEST_NAME && !NOBODYS.includes(word) && !names.includes(word)) names.push(word);
}

/**
 * The names that tell who and where a user is, as far as a process knows them for nothing.
 *
 * @param known the login, the home folder, and the machine's name
 */
export function ownNames(known: {
	userName?: string | undefined;
	home?: string | undefined;
	hostName?: string | undefined;
}): OwnNames {
	const names: string[] = [];
	addName(names, known.userName);
	addName(names, known.home === undefined ? undefined : baseName(known.home));
	addName(names, known.hostName);
	const dot = known.hostName?.indexOf(".") ?? -1;
	if (dot > 0) addName(names, known.hostName?.slice(0, dot));
	return names;
}

/** The longest word that is taken for one without a look at what it is: no token that the rules know is shorter. */
const LONGEST_PLAIN_WORD = 19;
/** Machines are called `ip-10-0-1-23` or `DESKTOP-3F9A1B2`: a word with a hyphen is plain when it is shorter. */
const LONGEST_HYPHENATED = 9;
/** What a shorter one must not have behind a hyphen: `ada-iMac` is a machine, and a secret stands after `-token`. */
const TELLING_PART = /^(?:i?Mac|acc|api|auth|client|cookie|cred|pass|priv|pwd|secret|sess|set-c|token)/i;

const SPACE = 0x20;
const HYPHEN = 0x2d;
const DOT = 0x2e;
const LAST_PRINTABLE = 0x7e;

const isLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
/** What stands in addresses, paths and assignments: `/ : = @ \ ~`, and a backtick, which quotes. */
const isTelling = (code: number): boolean =>
	code === 0x2f || code === 0x3a || code === 0x3d || code === 0x40 || code === 0x5c || code === 0x60 || code === 0x7e;

/** Endings of two letters at most that name a script rather than a country. */
const isScriptEnding = (ending: string): boolean =>
	ending === "py" || ending === "R" || ending === "sh" || ending === "pl" || ending === "js" || ending === "nf";

/** Whether a word of plain characters can be none of what the rules look for. */
function isPlainWord(text: string, start: number, end: number): boolean {
	const length = end - start;
	if (length > LONGEST_PLAIN_WORD) return false;
	const isName = length > LONGEST_HYPHENATED && isLetter(text.charCodeAt(start));
	let dots = 0;
	let hyphens = 0;
	for (let index = start; index < end; index++) {
		const code = text.charCodeAt(index);
		if (code === HYPHEN) {
			hyphens++;
			if (isName || hyphens > 2 || text.charCodeAt(index + 1) === HYPHEN) return false;
			if (TELLING_PART.test(text.slice(index + 1, end))) return false;
		}
		if (code !== DOT) continue;
		dots++;
		if (dots > 2) return false;
		if (isLetter(text.charCodeAt(index + 1)) && !isScriptEnding(text.slice(index + 1, end))) return false;
	}
	return true;
}

/** Whether a text is of short words in printable ASCII with nothing in it that the rules look for. */
function isPlain(text: string, own: OwnNames): boolean {
	const { length } = text;
	let start = 0;
	for (let index = 0; index <= length; index++) {
		const code = index < length ? text.charCodeAt(index) : SPACE;
		if (code < SPACE || code > LAST_PRINTABLE || isTelling(code)) return false;
		if (code !== SPACE) continue;
		// An empty word is a space at an end, or one of two.
		if (index === start || !isPlainWord(text, start, index)) return length === 0;
		start = index + 1;
	}
	return !holdsOwnName(text, own);
}

function holdsOwnName(text: string, own: OwnNames): boolean {
	for (const name of own) {
		if (text.length >= name.length && text.toLowerCase().includes(name)) return true;
	}
	return false;
}

function scrubbed(text: string, own: OwnNames, maxLength: number): string {
	return text.length <= maxLength && isPlain(text, own) ? text : applyRules(text, own, maxLength);
}

/** Free text without paths, addresses, names and secrets, each replaced by the word for what stood there. */
export function scrubText(text: string, own: OwnNames = NO_NAMES): string {
	return scrubbed(text, own, MAX_TEXT_LENGTH);
}

/** A unit, such as `reads` or `mg / ml`. */
export function scrubUnit(text: string): string {
	return scrubbed(text, NO_NAMES, MAX_LABEL_LENGTH);
}

/** The name of a file, without the folders that it stands in. */
export function scrubFileName(text: string, own: OwnNames = NO_NAMES): string {
	return scrubbed(baseName(text).slice(0, MAX_SCANNED_LABEL), own, MAX_LABEL_LENGTH);
}

/** More than is kept of a label, and enough to tell what it begins with. */
const MAX_SCANNED_LABEL = 1000;

/** A short name (of a command, a type, a function): never a path, and of a command line or a call its first word alone. */
export function scrubLabel(text: string, own: OwnNames = NO_NAMES): string {
	if (!text.includes("/") && !text.includes("\\"))
		return scrubbed(text.slice(0, MAX_SCANNED_LABEL), own, MAX_LABEL_LENGTH);
	const [word = ""] = text.trimStart().split(/[\s("'`]/, 1);
	return word.includes("://") ? "[url]" : scrubFileName(word, own);
}

/** Four numbers and what may follow them are an address in a text, and in a version's place a version. */
const NUMBERED_VERSION = /^v?\d{1,2}(?:\.\d{1,4}){3}(?:[-+.]?[a-z]{1,5}[-.]?\d{0,6})?$/i;
/** As git names what is built: with SHA-1, or with SHA-256. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** A version: a label, but for what only in a version's place is one. */
export function scrubVersion(text: string, own: OwnNames = NO_NAMES): string {
	const label = scrubLabel(text, own);
	if (label === text) return label;
	return NUMBERED_VERSION.test(text) || COMMIT.test(text) ? text : label;
}
