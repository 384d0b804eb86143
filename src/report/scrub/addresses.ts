/** Where a machine or a person can be reached: URLs, mail, IP and hardware addresses, names of hosts. */

const ADDRESS = "[address]";
const HOST = "[host]";

const URL_LIKE = /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>]*/gi;
/** `who@where`, as mail and ssh have it. */
const EMAIL_LIKE = /(?<![^\s@"'<>(),;:=[\]{}|])[^\s@"'<>(),;:=[\]{}|]+(?:@[^\s@"'<>(),;:=[\]{}|]+)+/g;
const IPV4 = /(?<![\w.]|\bversion[ =:]{1,2})(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?(?::\d{1,5})?(?!\w|\.\d)/gi;
const IPV6 = /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:%\w{1,16})?(?![\w:])/gi;
const MAC = /(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])/gi;

const HIGHEST_OCTET = 255;
const IPV6_GROUPS = 8;

/**
 * Four numbers are as often a version (`4.1.8.1`) as an address: they are one where the range is private, or where two
 * of the numbers have two digits.
 */
function withoutIpv4(found: string): string {
	const octets = found.split(/[/:]/, 1)[0]?.split(".").map(Number) ?? [];
	if (octets.some((octet) => octet > HIGHEST_OCTET)) return found;
	const [first = 0, second = 0] = octets;
	const isPrivate =
		first === 10 ||
		first === 127 ||
		(first === 192 && second === 168) ||
		(first === 172 && second >= 16 && second <= 31) ||
		(first === 169 && second === 254);
	return isPrivate || octets.filter((octet) => octet > 9).length > 1 ? ADDRESS : found;
}

/** Not the time of a day, a region of a genome, or a name such as `a::b`. */
function withoutIpv6(found: string): string {
	const groups = found.split("%", 1)[0]?.split(":") ?? [];
	if (!found.includes("::")) return groups.length === IPV6_GROUPS ? ADDRESS : found;
	return /\d/.test(found) ? ADDRESS : found;
}

const HOST_LIKE = /(?<![\w@.-])(?:[a-z0-9_-]{1,63}\.){1,8}[a-z][a-z0-9-]{0,61}[a-z](?::\d{1,5})?(?![\w-])/gi;

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Endings that are a host's, whatever stands before them. */
const SURE_ENDINGS = words(
	"com org net edu gov mil eu arpa local localdomain localnet internal intranet lan corp cluster domain example " +
		"invalid uk de fr ch at it nl pt dk no fi ee lu lv cz sk hu ro gr bg ie au nz jp cn kr tw ru ua za eg ke ng ir pk bd mx",
);
/** Endings that code and statistics have as well (`mean.se`, `is.na`): a host's where three words or more precede. */
const DOUBTFUL_ENDINGS = words(
	"se is in hr co id il ar be br ca cl es us si lt tr to me ai io cc tv fm my sg th vn hk ps am by do la int info biz " +
		"name pro dev app cloud site online science hpc grid home test ac pl py rs md so sh",
);
/** Endings of scripts and texts: a host's only where another word of it is one's. */
const FILE_ENDINGS = words("pl py rs md so sh in ps do me ar");
const HOST_WORD =
	/^(?:www|mail|ftp|ssh|vpn|gw|login|head|node|compute|hpc|cluster|grid|ac|edu|co|com|org|uni|univ|inst|lab)(?:$|[-_]|\d)/;

function isHost(name: string): boolean {
	const labels = name.split(".");
	const ending = labels.at(-1) ?? "";
	const lower = ending.toLowerCase();
	// `System.Net` is code; hosts are written in one case.
	if (ending !== lower && name !== name.toUpperCase()) return false;
	if (SURE_ENDINGS.has(lower)) return true;
	if (!DOUBTFUL_ENDINGS.has(lower) || labels.length < 3) return false;
	return !FILE_ENDINGS.has(lower) || labels.slice(0, -1).some((label) => HOST_WORD.test(label.toLowerCase()));
}

function withoutHost(found: string): string {
	return isHost(found.split(":", 1)[0] ?? "") ? HOST : found;
}

/** Names that systems and clouds give to machines. */
const MACHINE_NAME =
	/(?<![\w.-])(?:ip-\d{1,3}(?:-\d{1,3}){3}|(?:DESKTOP|LAPTOP|WIN)-[A-Z0-9]{6,12}|[\w-]{1,40}-(?:MacBook|iMac|Mac)(?:-[\w-]{1,20})?)(?![\w-])/g;

export function withoutUrls(text: string): string {
	return text.replace(URL_LIKE, "[url]");
}

export function withoutAddresses(text: string): string {
	return text
		.replace(EMAIL_LIKE, "[email]")
		.replace(MAC, ADDRESS)
		.replace(IPV6, withoutIpv6)
		.replace(IPV4, withoutIpv4)
		.replace(HOST_LIKE, withoutHost)
		.replace(MACHINE_NAME, HOST);
}
