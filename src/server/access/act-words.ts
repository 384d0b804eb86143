/** Acts in words, for the page and for the console. */
import { type ActName, CONSOLE, type StoredAct } from "../store/access-types.js";

const WORDS: Readonly<Record<ActName, string>> = {
	administrator_added: "added the administrator",
	administrator_removed: "removed the administrator",
	password_changed: "set the password of",
	logged_in: "logged in",
	login_failed: "a login failed",
	login_blocked: "logins are refused for a while",
	logged_out: "logged out",
	token_made: "made the token",
	token_revoked: "revoked the token",
	project_registered: "registered the project",
	project_unregistered: "took from the register the project",
	key_made: "made an ingest key of the project",
	key_revoked: "revoked the ingest key",
	addresses_set: "set what is kept of addresses:",
	retention_set: "set how long runs are kept:",
	project_erased: "erased the project",
};

export function actWords({ act, what }: Pick<StoredAct, "act" | "what">): string {
	const words = WORDS[act] ?? act;
	if (!act.startsWith("login_")) return what === null ? words : `${words} ${what}`;
	return what === null ? `${words}: not an administrator's name` : `${words}: ${what}`;
}

/** Who it was, as far as that is known. */
export function actorOf({ who, source }: Pick<StoredAct, "who" | "source">): string {
	return who ?? (source === CONSOLE ? "the console" : "somebody");
}
