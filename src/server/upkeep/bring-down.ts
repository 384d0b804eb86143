/** What is stored of addresses is brought down to what the operator's policy and the notices allow. */
import { randomBytes } from "node:crypto";
import { ADDRESS_KEY_BYTES } from "../config.js";
import type { AddressStore } from "../store/address-types.js";
import { inSteps } from "./steps.js";

/** Gives of how many events something went. What is ended in between goes on the next time. */
export async function bringDown(store: AddressStore, signal?: AbortSignal): Promise<number> {
	const { epoch } = await store.addressSetting();
	// Kept nowhere: nobody can make these hashes again.
	const key = randomBytes(ADDRESS_KEY_BYTES);
	let place = 0;
	let changed = 0;
	await inSteps(async () => {
		const step = await store.bringDownAddresses(place, key);
		changed += step.changed;
		if (step.place !== null) {
			place = step.place;
			return "more";
		}
		await store.noteBroughtDown(epoch);
		return "done";
	}, signal);
	return changed;
}
