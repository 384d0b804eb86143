/**
 * What is kept of the address that a batch came from: what both the operator's policy and the notice that a report's
 * user agreed to allow. Pure.
 */
import { createHmac } from "node:crypto";
import { isIP } from "node:net";
import { ADDRESS_POLICIES, type AddressPolicy } from "../../report/manifest.js";

/** `hashed-truncated`, a keyed hash of the first part, is what `hashed` and `truncated` both allow. */
export const KEEPINGS = [...ADDRESS_POLICIES, "hashed-truncated"] as const;
export type Keeping = (typeof KEEPINGS)[number];

export interface KeptAddress {
	/** In full, or its first part as a network (`192.0.2.0/24`); null where neither is kept. */
	address: string | null;
	/**
	 * A keyed hash, by which events of one source are told from those of others while the key lasts; null where the
	 * source is not known. It begins with `a` where it is of the whole address, with `n` where of its first part.
	 */
	source: string | null;
}

export const NOTHING_KEPT: KeptAddress = { address: null, source: null };

const IPV4_KEPT_BITS = 24;
const IPV6_KEPT_BITS = 48;
/** An address of 6to4 (RFC 3056) begins with `2002` and the whole of an IPv4 address, of which 24 bits may stay. */
const SIX_TO_FOUR = 0x2002;
const SIX_TO_FOUR_KEPT_BITS = 16 + IPV4_KEPT_BITS;
const SOURCE_BYTES = 12;

/** What two policies both allow. */
export function bothAllow(one: AddressPolicy, other: AddressPolicy): Keeping {
	const policies = [one, other];
	if (policies.includes("none")) return "none";
	if (policies.includes("hashed") && policies.includes("truncated")) return "hashed-truncated";
	return stricter(one, other);
}

/** The one that tells less, in the order of the manifest's. */
export function stricter(one: AddressPolicy, other: AddressPolicy): AddressPolicy {
	return ADDRESS_POLICIES.indexOf(one) > ADDRESS_POLICIES.indexOf(other) ? one : other;
}

/**
 * What is kept of an address.
 *
 * @param text what a connection, or a proxy that is trusted, names; of what is no address nothing is kept
 * @param key of the hash
 */
export function keptOf(text: string, keeping: Keeping, key: Buffer): KeptAddress {
	const address = keeping === "none" ? undefined : canonical(text);
	if (address === undefined) return NOTHING_KEPT;
	const network = truncated(address);
	switch (keeping) {
		case "full":
			return { address, source: sourceOf("a", address, key) };
		case "truncated":
			return { address: network, source: sourceOf("n", network, key) };
		case "hashed":
			return { address: null, source: sourceOf("a", address, key) };
		default:
			return { address: null, source: sourceOf("n", network, key) };
	}
}

/**
 * The same of what was kept already, which may be less than is allowed now: nothing comes back. A hash of a whole address
 * can't be made into one of its first part, so it goes where only that is allowed.
 */
export function broughtDown(kept: KeptAddress, keeping: Keeping, key: Buffer): KeptAddress {
	const { address, source } = kept;
	if (keeping === "none") return NOTHING_KEPT;
	if (keeping === "full") return kept;
	const isWhole = source?.startsWith("a") === true;
	if (keeping === "hashed") return { address: null, source };
	if (!isWhole) return keeping === "truncated" ? kept : { address: null, source };
	return address === null ? NOTHING_KEPT : keptOf(address, keeping, key);
}

/** One text for each address: lower case, IPv6 shortened, without a zone; IPv4 that comes as IPv6 is IPv4. */
function canonical(text: string): string | undefined {
	const bare = text.replace(/%.*$/, "");
	if (isIP(bare) === 4) return bare;
	if (isIP(bare) !== 6) return undefined;
	const groups = groupsOf(bare);
	const [high = 0, low = 0] = groups.slice(6);
	const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
	return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join(".") : ipv6Of(groups);
}

function truncated(address: string): string {
	if (isIP(address) === 4) return `${address.split(".").slice(0, 3).join(".")}.0/${IPV4_KEPT_BITS}`;
	const groups = groupsOf(address);
	const bits = groups[0] === SIX_TO_FOUR ? SIX_TO_FOUR_KEPT_BITS : IPV6_KEPT_BITS;
	const kept = groups.map((group, index) => {
		const left = Math.min(16, Math.max(0, bits - 16 * index));
		return group & (0xffff << (16 - left)) & 0xffff;
	});
	return `${ipv6Of(kept)}/${bits}`;
}

/** The eight groups of an IPv6 address. A URL's host is written in the one form of RFC 5952, without IPv4 in it. */
function groupsOf(address: string): number[] {
	const [before = "", after] = ipv6Host(address).split("::");
	const head = toNumbers(before);
	const tail = toNumbers(after ?? "");
	return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

function toNumbers(text: string): number[] {
	return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function ipv6Of(groups: readonly number[]): string {
	return ipv6Host(groups.map((group) => group.toString(16)).join(":"));
}

function ipv6Host(address: string): string {
	return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

function sourceOf(kind: "a" | "n", text: string, key: Buffer): string {
	const hash = createHmac("sha256", key).update(`${kind} ${text}`).digest();
	return kind + hash.subarray(0, SOURCE_BYTES).toString("base64url");
}
