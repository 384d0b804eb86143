/** What the operator said of projects and keys, as the intake asks for it. */
import type { Manifest } from "../../report/manifest.js";
import { MAX_KEYS_REMEMBERED, MAX_PROJECTS_REMEMBERED, type ServerConfig } from "../config.js";
import type { IngestKey, Store } from "../store/types.js";
import { isKey, keyDigest } from "./keys.js";
import { Remembered } from "./remembered.js";

/** What goes for the reports of one project. */
export interface ProjectRules {
	isRegistered: boolean;
	/** It was erased, and nothing of it is taken any more. */
	isBlocked: boolean;
	/** Its reports come with one of its keys. */
	needsKey: boolean;
	/** By the version of their notice, ascending; without any, nothing is stripped. */
	manifests: readonly Manifest[];
}

/** What is asked of the store. */
type Asked = Pick<Store, "registrations" | "findKey" | "projectErasures">;

const NOT_REGISTERED: ProjectRules = { isRegistered: false, isBlocked: false, needsKey: false, manifests: [] };

/**
 * What another process registers or revokes counts here after `registryMaxAgeMs` at the latest.
 */
export class Registry {
	readonly #store: Asked;
	readonly #rules: Remembered<ProjectRules>;
	readonly #keys: Remembered<IngestKey | null>;

	constructor(store: Asked, { registryMaxAgeMs }: Pick<ServerConfig, "registryMaxAgeMs">) {
		this.#store = store;
		this.#rules = new Remembered(registryMaxAgeMs, MAX_PROJECTS_REMEMBERED);
		this.#keys = new Remembered(registryMaxAgeMs, MAX_KEYS_REMEMBERED);
	}

	/** @throws EtError `ET_STORE_UNAVAILABLE` */
	async rulesFor(projects: readonly string[]): Promise<ReadonlyMap<string, ProjectRules>> {
		const rules = new Map<string, ProjectRules>();
		const unknown: string[] = [];
		for (const project of new Set(projects)) {
			const known = this.#rules.get(project);
			if (known === undefined) unknown.push(project);
			else rules.set(project, known);
		}
		const found = unknown.length === 0 ? [] : await this.#store.registrations(unknown);
		for (const project of unknown) rules.set(project, NOT_REGISTERED);
		for (const { project, manifests, keys } of found) {
			const ofManifests = manifests.map(({ manifest }) => manifest);
			rules.set(project, { isRegistered: true, isBlocked: false, needsKey: keys > 0, manifests: ofManifests });
		}
		const erased = unknown.length === 0 ? [] : await this.#store.projectErasures(unknown);
		for (const { project, isBlocked } of erased) {
			if (isBlocked) rules.set(project, { ...NOT_REGISTERED, isBlocked });
		}
		for (const project of unknown) this.#rules.set(project, rules.get(project) ?? NOT_REGISTERED);
		return rules;
	}

	/**
	 * The key that a text is; undefined where it is none, or was revoked.
	 *
	 * @throws EtError `ET_STORE_UNAVAILABLE`
	 */
	async findKey(text: string): Promise<IngestKey | undefined> {
		if (!isKey(text)) return undefined;
		const digest = keyDigest(text);
		const name = digest.toString("base64");
		const known = this.#keys.get(name);
		if (known !== undefined) return known ?? undefined;
		const found = await this.#store.findKey(digest);
		this.#keys.set(name, found ?? null);
		return found;
	}
}
