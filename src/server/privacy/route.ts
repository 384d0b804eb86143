/** `GET /projects/NAME/privacy` for people, `GET /v1/projects/NAME/privacy` for programs: open to everybody. */
import type { FastifyInstance } from "fastify";
import { isName } from "../../report/limits.js";
import type { Clock } from "../config.js";
import { Refusal } from "../http/refusal.js";
import { refusalPage } from "../pages/layout.js";
import { privacyPage } from "../pages/privacy.js";
import { sendPage } from "../pages/route.js";
import type { Store } from "../store/types.js";
import { type Account, accountOf } from "./account.js";

export interface PrivacyOptions {
	store: Store;
	clock: Clock;
}

export const PRIVACY_PATH = "/projects/:project/privacy";
export const PRIVACY_EXPORT_PATH = "/v1/projects/:project/privacy";

export function addPrivacy(app: FastifyInstance, { store, clock }: PrivacyOptions): void {
	app.get<{ Params: { project: string } }>(PRIVACY_PATH, async (request, reply) => {
		const account = await find(store, request.params.project, clock());
		if (account !== undefined) return sendPage(reply, 200, privacyPage(account));
		const why = "No project of this name is registered here.";
		return sendPage(reply, 404, refusalPage("No such project", why));
	});

	app.get<{ Params: { project: string } }>(PRIVACY_EXPORT_PATH, async (request, reply) => {
		const account = await find(store, request.params.project, clock());
		if (account === undefined) {
			throw new Refusal("not_found", "No project of this name is registered here.");
		}
		return reply.header("cache-control", "no-store").send(account);
	});
}

async function find(store: Store, project: string, now: number): Promise<Account | undefined> {
	if (!isName(project)) return undefined;
	const [retention] = await store.retentions([project]);
	if (retention === undefined) return undefined;
	const [[registration], addresses] = await Promise.all([store.registrations([project]), store.addressSetting()]);
	// That strangers sent reports of a project here is for readers to know.
	if (registration === undefined && retention.promises.length === 0) return undefined;
	return accountOf({ project, registration, addresses, retention, now });
}
