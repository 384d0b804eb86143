/** What the server asks of a database about addresses. */
import type { AddressPolicy } from "../../report/manifest.js";

export interface AddressSetting {
	/** What the operator allows to be kept at most. */
	policy: AddressPolicy;
	/** For how long a key of hashes is used, in milliseconds. */
	windowMs: number;
	/** Another one after each change. */
	epoch: number;
	/** Whether what was stored before may hold more. */
	isPending: boolean;
}

/** One step of bringing down what is stored. */
export interface BroughtDown {
	/** How many events have less than before. */
	changed: number;
	/** Where to go on; null at the end. */
	place: number | null;
}

export interface AddressStore {
	addressSetting(): Promise<AddressSetting>;
	/**
	 * From the moment on that it resolves, no event is stored with more. Keys are destroyed: hashes from before can't be
	 * made again.
	 */
	setAddresses(policy: AddressPolicy, windowMs: number): Promise<AddressSetting>;
	/**
	 * The key for hashes until a moment (milliseconds since the epoch), made where there is none yet; those of earlier
	 * windows are destroyed.
	 */
	addressKey(until: number): Promise<Buffer>;
	/** Destroys the keys of windows that have ended. */
	destroyOldKeys(now: number): Promise<void>;
	/**
	 * Takes from some events behind a place what the policy, or the notice of their report where it is registered, does
	 * not allow. Hashes that are made of addresses are made with keys derived from `key`, another one for each window.
	 */
	bringDownAddresses(after: number, key: Buffer): Promise<BroughtDown>;
	/** Notes that all was brought down, unless the policy has changed since; whether it has not. */
	noteBroughtDown(epoch: number): Promise<boolean>;
}
