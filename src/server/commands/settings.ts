/** `--set NAME=NUMBER`, for every number of the server's configuration, and `--trust-proxy`. */
import { InvalidArgumentError } from "commander";
import { DEFAULT_CONFIG, type ServerConfig } from "../config.js";
import { addressSet } from "../http/addresses.js";

type NumberName = { [K in keyof ServerConfig]: ServerConfig[K] extends number ? K : never }[keyof ServerConfig];

const NAMES = Object.entries(DEFAULT_CONFIG).flatMap(([name, value]) => (typeof value === "number" ? [name] : []));
/** These may be 0, for no limit; all else is 1 at least. */
const MAY_BE_ZERO: readonly string[] = [
	"requestsPerAddress",
	"requestsPerKey",
	"registryMaxAgeMs",
] satisfies NumberName[];

export type Settings = Partial<Pick<ServerConfig, NumberName>>;

/** Adds one setting to those before it. */
export function toSetting(text: string, before: Settings = {}): Settings {
	const [, name = "", digits] = /^(\w+)=(\d{1,15})$/.exec(text) ?? [];
	if (!NAMES.includes(name)) throw new InvalidArgumentError("It is NAME=NUMBER, with a name from docs/server.md.");
	const number = Number(digits);
	if (number === 0 && !MAY_BE_ZERO.includes(name)) throw new InvalidArgumentError(`${name} is 1 at least.`);
	return { ...before, [name]: number };
}

export function toProxies(text: string): readonly string[] {
	const proxies = text.split(",").map((each) => each.trim());
	try {
		addressSet(proxies);
		return proxies;
	} catch (error) {
		throw new InvalidArgumentError(error instanceof RangeError ? error.message : String(error));
	}
}
