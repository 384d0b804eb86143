/** `et-server audit`: what administrators did. */
import { type Command, InvalidArgumentError } from "commander";
import { actorOf, actWords } from "../access/act-words.js";
import { databaseOption } from "./database-option.js";
import { inStore } from "./in-store.js";
import { say, sayJson } from "./say.js";

const USUAL_LIMIT = 50;

export function addAudit(program: Command): void {
	program
		.command("audit")
		.description("Show what administrators did, the newest first.")
		.option("--limit <number>", "most acts", toLimit, USUAL_LIMIT)
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.action(show);
}

async function show({ limit, json }: { limit: number; json?: true }, command: Command): Promise<void> {
	const acts = await inStore(command, (store) => store.acts({ limit }));
	const at = (ms: number) => new Date(ms).toISOString();
	if (json)
		sayJson(acts.map((act) => ({ at: at(act.at), who: act.who, act: act.act, what: act.what, from: act.source })));
	else if (acts.length === 0) say("There is nothing.");
	else for (const act of acts) say(`${at(act.at)}  ${actorOf(act)}: ${actWords(act)}`);
}

function toLimit(text: string): number {
	const limit = Number(text);
	if (/^\d{1,7}$/.test(text) && limit > 0) return limit;
	throw new InvalidArgumentError("It is a whole number above 0.");
}
