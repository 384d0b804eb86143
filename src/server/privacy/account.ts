/**
 * What a server says in public of one project: what is collected and why, what is kept of addresses, for how long, whom
 * to ask, and how to erase. Made from the registered notices and from what goes here, in the words of `et explain`. Pure.
 */
import { durationInWords } from "../../report/duration.js";
import { type Explanation, explanationOf, standardFields, ways } from "../../report/explanation.js";
import { NEVER_COLLECTED } from "../../report/fields.js";
import type { AddressPolicy, Manifest } from "../../report/manifest.js";
import { type ManifestChange, manifestChanges } from "../../report/manifest-changes.js";
import { DAY_MS } from "../config.js";
import type { AddressSetting } from "../store/address-types.js";
import type { ProjectRetention } from "../store/retention-types.js";
import type { Registration } from "../store/types.js";
import { bothAllow, type Keeping } from "./kept-address.js";
import { keptFor, keptInWords } from "./retention.js";

export interface AccountOf {
	project: string;
	/** Undefined where it is not registered. */
	registration: Registration | undefined;
	addresses: AddressSetting;
	retention: ProjectRetention;
	/** Milliseconds since the epoch. */
	now: number;
}

/** As programs get it. */
export interface Account {
	project: string;
	registered: boolean;
	/** The newest that is registered; null where there is none. */
	notice: Notice | null;
	/** The fields of every report. */
	standard: Explanation["standard"];
	never: string;
	addresses: {
		/** The operator's policy. */
		policy: AddressPolicy;
		/** After how many days the key of hashes is another one. */
		window_days: number;
		/** Of reports under the newest notice. */
		kept: Keeping;
		in_words: string;
	};
	retention: {
		/** ISO 8601; null for without an end. */
		kept_for: string | null;
		in_words: string;
		/** What the operator chose, which goes where it is less than a notice says. */
		chosen: string | null;
		checked_at: string | null;
	};
	ways: Explanation["ways"];
	/** Each version of the notice, the newest first. */
	versions: Version[];
}

type Notice = Pick<
	Explanation,
	"purpose" | "contact" | "url" | "endpoint" | "sample" | "inputs" | "data" | "example"
> & { version: number };

export interface Version {
	version: number;
	registered_at: string;
	/** What of a report's address is kept, and for how long its run, under this version. */
	addresses: { allows: AddressPolicy; kept: Keeping };
	retention: { says: string; kept_for: string };
	/** What it changed of the version before. */
	changes: ManifestChange[];
}

export function accountOf({ project, registration, addresses, retention, now }: AccountOf): Account {
	const manifests = registration?.manifests ?? [];
	const newest = manifests.at(-1)?.manifest;
	const kept = newest === undefined ? "none" : bothAllow(addresses.policy, newest.notice.addresses);
	const { ofNotice, otherwise } = keptFor(retention, now);
	const ofNewest = ofNotice.find(({ notice }) => notice === newest?.notice.version)?.retention ?? otherwise;
	return {
		project,
		registered: registration !== undefined,
		notice: newest === undefined ? null : noticeOf(newest),
		standard: standardFields(),
		never: NEVER_COLLECTED,
		addresses: {
			policy: addresses.policy,
			window_days: addresses.windowMs / DAY_MS,
			kept,
			in_words: addressInWords(kept, addresses),
		},
		retention: {
			kept_for: ofNewest,
			in_words: keptInWords(retention, now),
			chosen: retention.duration,
			checked_at: instant(retention.checkedAt),
		},
		ways: ways(project),
		versions: versionsOf(manifests, addresses, retention, now),
	};
}

function noticeOf(manifest: Manifest): Notice {
	const explained = explanationOf(manifest);
	const { notice_version: version, purpose, contact, url, endpoint, sample, inputs, data, example } = explained;
	return { version, purpose, contact, url, endpoint, sample, inputs, data, example };
}

function versionsOf(
	manifests: Registration["manifests"],
	addresses: AddressSetting,
	retention: ProjectRetention,
	now: number,
): Version[] {
	const { ofNotice } = keptFor(retention, now);
	const versions = manifests.map(({ manifest, registeredAt }, index): Version => {
		const { version, addresses: allows, retention: says } = manifest.notice;
		const before = manifests[index - 1]?.manifest;
		return {
			version,
			registered_at: new Date(registeredAt).toISOString(),
			addresses: { allows, kept: bothAllow(addresses.policy, allows) },
			retention: { says, kept_for: ofNotice.find(({ notice }) => notice === version)?.retention ?? says },
			changes: before === undefined ? [] : manifestChanges(before, manifest).filter(isOfText),
		};
	});
	return versions.toReversed();
}

/** The number itself says nothing. */
function isOfText({ path }: ManifestChange): boolean {
	return path.join(".") !== "notice.version";
}

function addressInWords(kept: Keeping, { windowMs }: AddressSetting): string {
	const days = durationInWords(`P${windowMs / DAY_MS}D`);
	switch (kept) {
		case "full":
			return "it is kept in full";
		case "truncated":
			return "its first part is kept: 24 bits of IPv4, 48 of IPv6";
		case "hashed":
			return `a keyed hash of it is kept, whose key is destroyed after ${days} at the latest`;
		case "hashed-truncated":
			return `a keyed hash of its first part is kept, whose key is destroyed after ${days} at the latest`;
		default:
			return "nothing of it is kept";
	}
}

function instant(ms: number | null): string | null {
	return ms === null ? null : new Date(ms).toISOString();
}
