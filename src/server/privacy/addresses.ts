/** What intake keeps of addresses now: the operator's policy and its key, as the store has them. */
import type { AddressPolicy, Manifest } from "../../report/manifest.js";
import type { ServerConfig } from "../config.js";
import { Remembered } from "../registry/remembered.js";
import type { AddressSetting, AddressStore } from "../store/address-types.js";
import type { StoredReport } from "../store/types.js";
import { bothAllow, type KeptAddress, keptOf, NOTHING_KEPT } from "./kept-address.js";

/** What is kept of the address of one batch. */
export interface Keeper {
	/** Of the policy that it goes by. */
	epoch: number;
	/** What the operator and a report's notice both allow to be kept. */
	of(address: string, notice: AddressPolicy): KeptAddress;
}

const SETTING = "setting";

/** A change of the policy counts here after `registryMaxAgeMs`; until then, what the change forbids is stored without addresses. */
export class Addresses {
	readonly #store: AddressStore;
	readonly #settings: Remembered<AddressSetting>;
	#key: { epoch: number; until: number; bytes: Buffer } | undefined;

	constructor(store: AddressStore, { registryMaxAgeMs }: Pick<ServerConfig, "registryMaxAgeMs">) {
		this.#store = store;
		this.#settings = new Remembered(registryMaxAgeMs, 1);
	}

	/** @throws EtError `ET_STORE_UNAVAILABLE` */
	async setting(): Promise<AddressSetting> {
		const known = this.#settings.get(SETTING);
		if (known !== undefined) return known;
		const setting = await this.#store.addressSetting();
		this.#settings.set(SETTING, setting);
		return setting;
	}

	/**
	 * @param nowMs the server's clock, in milliseconds since the epoch
	 * @throws EtError `ET_STORE_UNAVAILABLE`
	 */
	async keeperAt(nowMs: number): Promise<Keeper> {
		const setting = await this.setting();
		const { policy, epoch } = setting;
		if (policy === "none") return { epoch, of: () => NOTHING_KEPT };
		const key = await this.#keyAt(nowMs, setting);
		const kept = new Map<AddressPolicy, KeptAddress>();
		return {
			epoch,
			of(address, notice) {
				const known = kept.get(notice) ?? keptOf(address, bothAllow(policy, notice), key);
				kept.set(notice, known);
				return known;
			},
		};
	}

	/** Windows are counted from the epoch, so that all servers of a database have the same. */
	async #keyAt(nowMs: number, { windowMs, epoch }: AddressSetting): Promise<Buffer> {
		const until = (Math.floor(nowMs / windowMs) + 1) * windowMs;
		if (this.#key?.until !== until || this.#key.epoch !== epoch) {
			this.#key = { epoch, until, bytes: await this.#store.addressKey(until) };
		}
		return this.#key.bytes;
	}
}

/**
 * What the notice that a report's user agreed to allows to be kept. Where that notice is not known here, nobody can say
 * that it allows anything.
 */
export function addressPolicyOf(report: StoredReport, manifests: readonly Manifest[]): AddressPolicy {
	const agreed = manifests.find(({ notice }) => notice.version === report.manifest_notice);
	return agreed?.notice.addresses ?? "none";
}
