/** Sets of IP addresses: this machine's own, and those of the proxies that an operator trusts. */
import { BlockList, isIP } from "node:net";

export interface AddressSet {
	has(address: string): boolean;
}

const FAMILIES = { 4: { name: "ipv4", bits: 32 }, 6: { name: "ipv6", bits: 128 } } as const;

/**
 * A set out of addresses (`192.0.2.1`, `2001:db8::1`) and networks (`192.0.2.0/24`). IPv4 that comes as IPv6 is IPv4.
 *
 * @throws RangeError for what is neither
 */
export function addressSet(texts: readonly string[]): AddressSet {
	const list = new BlockList();
	for (const text of texts) add(list, text);
	return { has: (address) => isIP(address) !== 0 && list.check(address, FAMILIES[familyOf(address)].name) };
}

/** What runs on this machine. */
export const LOOPBACK = addressSet(["127.0.0.0/8", "::1"]);

function add(list: BlockList, text: string): void {
	const [address = "", prefix, ...more] = text.split("/");
	if (isIP(address) === 0) throw new RangeError(`${text} is neither an address nor a network.`);
	const { name, bits } = FAMILIES[familyOf(address)];
	const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : 0;
	// A network of length 0 is everybody: nobody's proxy.
	if (more.length > 0 || length < 1 || length > bits) throw new RangeError(`${text} is not a network.`);
	list.addSubnet(address, length, name);
}

function familyOf(address: string): 4 | 6 {
	return isIP(address) === 4 ? 4 : 6;
}
