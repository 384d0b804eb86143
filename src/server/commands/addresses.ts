/** `et-server addresses`: what is kept of the addresses that reports come from. */
import { type Command, InvalidArgumentError } from "commander";
import { ADDRESS_POLICIES, type AddressPolicy } from "../../report/manifest.js";
import { consoleAct } from "../access/console.js";
import { ADDRESS_WINDOW_MS, DAY_MS } from "../config.js";
import { bothAllow, type Keeping } from "../privacy/kept-address.js";
import type { AddressSetting } from "../store/address-types.js";
import type { Registration, Store } from "../store/types.js";
import { bringDown } from "../upkeep/bring-down.js";
import { databaseOption } from "./database-option.js";
import { inStore } from "./in-store.js";
import { number, say, sayJson } from "./say.js";

const HELP = `
Policies, each with less than the one before:
  full       the address
  truncated  its first part: 24 bits of IPv4, 48 of IPv6
  hashed     a keyed hash, with a key that is destroyed when its days are over
  none       nothing: what a server keeps unless it is told otherwise

Of a report is kept what both this policy and the notice that its user agreed to allow; where that notice
is not registered, nothing. The policy is the database's, so all servers that share it have the same.
`;

/** What is kept, in words for an operator. */
const KEPT_IN_WORDS: Readonly<Record<Keeping, string>> = {
	full: "the address",
	truncated: "its first part",
	hashed: "a keyed hash",
	"hashed-truncated": "a keyed hash of its first part",
	none: "nothing",
};

export function addAddressCommands(program: Command): void {
	const addresses = program
		.command("addresses")
		.description("Show or choose what is kept of the addresses that reports come from.")
		.addOption(databaseOption())
		.addHelpText("after", HELP);

	addresses
		.command("show")
		.description("Show the policy, and what it comes to for each project.")
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.action(show);

	addresses
		.command("set")
		.description("Choose the policy. What is stored is brought down to it at once; nothing comes back.")
		.argument("<policy>", ADDRESS_POLICIES.join(", "), toPolicy)
		.option("--window <days>", "for how long a key of hashes is used", toDays, ADDRESS_WINDOW_MS / DAY_MS)
		.addOption(databaseOption())
		.action(set);

	addresses
		.command("apply")
		.description("Bring what is stored down to the policy and the notices, as set does.")
		.addOption(databaseOption())
		.action(apply);
}

async function show({ json }: { json?: true }, command: Command): Promise<void> {
	const [setting, registrations] = await inStore(command, (store) =>
		Promise.all([store.addressSetting(), store.registrations(null)]),
	);
	if (json) {
		sayJson(toJson(setting, registrations));
		return;
	}
	say(`Policy: ${policyInWords(setting)}`);
	if (setting.isPending) say("What was stored before may hold more. Bring it down: et-server addresses apply");
	for (const { project, manifests } of registrations) {
		for (const { manifest } of manifests) {
			const { version, addresses } = manifest.notice;
			const kept = KEPT_IN_WORDS[bothAllow(setting.policy, addresses)];
			say(`${project}, notice version ${version} (${addresses}): ${kept} is kept`);
		}
		if (manifests.length === 0) say(`${project}, without a manifest: nothing is kept`);
	}
}

async function set(policy: AddressPolicy, { window }: { window: number }, command: Command): Promise<void> {
	await inStore(command, async (store) => {
		const setting = await store.setAddresses(policy, window * DAY_MS);
		await store.record(consoleAct("addresses_set", policy));
		say(`Policy: ${policyInWords(setting)} From now on, no report is stored with more.`);
		await sayBroughtDown(store);
	});
}

async function apply(_options: object, command: Command): Promise<void> {
	await inStore(command, sayBroughtDown);
}

async function sayBroughtDown(store: Store): Promise<void> {
	const changed = await bringDown(store);
	say(
		changed === 0
			? "What is stored holds no more than that."
			: `Of ${number(changed)} stored reports what is kept was brought down to that. The rest of them stays.`,
	);
}

function policyInWords({ policy, windowMs }: AddressSetting): string {
	const days = windowMs / DAY_MS;
	const rotation = policy === "none" ? "" : ` Hashes have another key every ${days === 1 ? "day" : `${days} days`}.`;
	return `${policy}: ${KEPT_IN_WORDS[policy]} is kept.${rotation}`;
}

function toJson({ policy, windowMs, isPending }: AddressSetting, registrations: readonly Registration[]) {
	return {
		policy,
		window_days: windowMs / DAY_MS,
		pending: isPending,
		projects: registrations.map(({ project, manifests }) => ({
			project,
			notices: manifests.map(({ manifest: { notice } }) => ({
				version: notice.version,
				addresses: notice.addresses,
				kept: bothAllow(policy, notice.addresses),
			})),
		})),
	};
}

function toPolicy(text: string): AddressPolicy {
	const policy = ADDRESS_POLICIES.find((each) => each === text);
	if (policy !== undefined) return policy;
	throw new InvalidArgumentError(`It is one of ${ADDRESS_POLICIES.join(", ")}.`);
}

function toDays(text: string): number {
	const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
	if (days > 0) return days;
	throw new InvalidArgumentError("It is a number of days from 1 to 9999.");
}
