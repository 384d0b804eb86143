/** Consent, asked again at sending: what was allowed when it was recorded may have been taken back since. */
import { type Circumstances, maySend, type SendDecision, type Waiting } from "../src/consent/decide.js";
import { leavingText, leftOut } from "../src/consent/left-out.js";
import { type AskRefusal, askRefusal } from "../src/consent/may-ask.js";
import { readSitePolicy, type SitePolicy } from "../src/consent/policy.js";
import type { Clock } from "../src/consent/review.js";
import { ConsentStore } from "../src/consent/store.js";
import type { Directories } from "../src/host/directories.js";

export class Gate {
	private readonly store: ConsentStore;
	private policy: SitePolicy;
	private known = new Map<string, Circumstances>();
	/** Through which everything of this flush is sent, by the site's policy; null where it names none. */
	readonly proxy: string | null;

	constructor(
		private readonly folders: Directories,
		private readonly env: NodeJS.ProcessEnv,
		private readonly clock: () => Clock,
	) {
		this.store = new ConsentStore(folders.consent);
		this.policy = readSitePolicy(folders.sitePolicy);
		this.proxy = this.policy.proxy;
	}

	/** Forgets what it read, so that the next question is answered from disk: before every request. */
	refresh(): void {
		const policy = readSitePolicy(this.folders.sitePolicy);
		// Another way out was ruled meanwhile: the next flush takes it, and this one sends no more.
		this.policy = policy.proxy === this.proxy ? policy : { ...policy, deny: true };
		this.known = new Map();
	}

	/** May a report of this project leave now? */
	ask(project: string, waiting: Waiting): SendDecision {
		return maySend(waiting, { ...this.circumstancesOf(project), clock: this.clock() });
	}

	/** A report's text as it leaves now: without what its user, or the site's policy, leaves out. */
	leaving(project: string, text: string): string {
		const { policy, reading } = this.circumstancesOf(project);
		return leavingText(text, leftOut(policy, reading));
	}

	private circumstancesOf(project: string): Circumstances {
		let circumstances = this.known.get(project);
		if (circumstances === undefined) {
			circumstances = { env: this.env, policy: this.policy, reading: this.store.read(project) };
			this.known.set(project, circumstances);
		}
		return circumstances;
	}

	/** Why a request to this endpoint, to erase or redact, may not be sent now; null where it may. */
	whyNotAsk(endpoint: string): AskRefusal | null {
		return askRefusal(endpoint, this.env, this.policy);
	}
}
