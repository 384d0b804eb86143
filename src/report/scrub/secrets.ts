/** Keys, tokens and passwords: by what introduces them, by their own form, and by how little like a word they look. */

const SECRET = "[secret]";

/** From a key file's first line to its last, or to the end of what there is. */
const KEY_FILE = /-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g;

const SECRET_WORDS = [
	"passw(?:or)?d",
	"passwort",
	"passphrase",
	"passcode",
	"secret",
	"token",
	"api[_-]?key",
	"access[_-]?key(?:[_-]?id)?",
	"account[_-]?key",
	"private[_-]?key",
	"client[_-]?secret",
	"credentials?",
	"authorization",
	"session[_-]?id",
	"set-cookie",
	"cookie",
	"pwd",
].join("|");
const SECRET_VALUE = `(?:"[^"]*"|'[^']*'|(?:bearer|basic|token)\\s+\\S+|[^\\s,;&"'}]+)`;
/** `password=x`, `"token": "x"`, `AWS_SECRET_ACCESS_KEY=x`. */
const ASSIGNED = new RegExp(`((?:${SECRET_WORDS})(?![a-z])["'\\]]?\\s{0,2}[=:]\\s{0,2})${SECRET_VALUE}`, "gi");
/** `--password x`. */
const OPTION = new RegExp(`(--?(?:[a-z]{1,12}-)?(?:${SECRET_WORDS})\\s{1,2})${SECRET_VALUE}`, "gi");
/** What an Authorization header holds; of words that only look like it, none is so long and has a digit. */
const AUTHORIZATION = /\b(bearer|basic)\s+(?=\S{0,512}[\d=])[\w.~+/=-]{20,}/gi;

/** The forms by which issuers let their tokens be found. */
const ISSUED = new RegExp(
	`(?<![A-Za-z0-9])(?:${[
		"gh[pousr]_[A-Za-z0-9]{16,}", // GitHub
		"github_pat_\\w{16,}",
		"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[\\w-]{14,}", // GitLab
		"A(?:KI|SI|GP|ID|RO|IP|NP|NV)A[A-Z0-9]{16,}", // AWS
		"xox[abeoprs]-[\\w-]{15,}", // Slack
		"xapp-[\\w-]{15,}",
		"npm_[A-Za-z0-9]{16,}",
		"pypi-[\\w-]{15,}",
		"AIza[\\w-]{16,}", // Google
		"ya29\\.[\\w.-]{15,}",
		"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{12,}", // Stripe
		"whsec_\\w{14,}",
		"hf_[A-Za-z0-9]{17,}", // Hugging Face
		"sk-[\\w-]{17,}",
		"SG\\.[\\w-]{8,}\\.[\\w-]{8,}", // SendGrid
		"dckr_pat_[\\w-]{11,}",
		"do[opr]_v1_[0-9a-f]{13,}",
		"eyJ[\\w-]{8,}\\.[\\w-]{8,}(?:\\.[\\w-]*)?", // JSON Web Token
	].join("|")})`,
	"g",
);

const UUID = /(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])/gi;
const HEXADECIMAL = /(?<![A-Za-z0-9])[0-9a-f]{32,}(?![A-Za-z0-9])/gi;
const LONG_WORD = /[A-Za-z0-9+/=_-]{24,}/g;

/** Of two neighbours in random letters and digits, 6 in 10 differ in kind; in names that people make, 4 at most. */
const RANDOM_SHARE = 0.45;
/** Likewise of letters of one case with digits, where it is 4 in 10, and 1 or 2 in names. */
const RANDOM_SHARE_ONE_CASE = 0.25;
const MIN_LENGTH_ONE_CASE = 32;
const MIN_KINDS_MIXED = 3;

function kindOf(code: number): number {
	if (code >= 0x30 && code <= 0x39) return 0;
	if (code >= 0x41 && code <= 0x5a) return 1;
	return code >= 0x61 && code <= 0x7a ? 2 : 3;
}

/** Whether letters and digits follow on one another as if drawn by lot. */
function looksRandom(word: string): boolean {
	const seen = [0, 0, 0, 0];
	let changes = 0;
	let before = -1;
	for (let index = 0; index < word.length; index++) {
		const kind = kindOf(word.charCodeAt(index));
		seen[kind] = (seen[kind] ?? 0) + 1;
		if (before !== -1 && kind !== before) changes++;
		before = kind;
	}
	const [digits = 0, upper = 0, lower = 0, marks = 0] = seen;
	if (digits === 0 || marks > word.length / 8) return false;
	const kinds = 1 + (upper > 0 ? 1 : 0) + (lower > 0 ? 1 : 0);
	const share = changes / word.length;
	if (kinds === MIN_KINDS_MIXED) return share >= RANDOM_SHARE;
	return word.length >= MIN_LENGTH_ONE_CASE && share >= RANDOM_SHARE_ONE_CASE;
}

export function withoutSecrets(text: string): string {
	return text
		.replace(KEY_FILE, SECRET)
		.replace(ASSIGNED, `$1${SECRET}`)
		.replace(OPTION, `$1${SECRET}`)
		.replace(AUTHORIZATION, `$1 ${SECRET}`)
		.replace(ISSUED, SECRET)
		.replace(UUID, SECRET)
		.replace(HEXADECIMAL, SECRET)
		.replace(LONG_WORD, (word) => (looksRandom(word) ? SECRET : word));
}
