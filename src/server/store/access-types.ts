/** What the store keeps of those who may read, and of what administrators did. Times are milliseconds since the epoch. */

/** Every act that the log of acts tells of; docs/access.md explains them. */
export const ACTS = [
	"administrator_added",
	"administrator_removed",
	"password_changed",
	"logged_in",
	"login_failed",
	"login_blocked",
	"logged_out",
	"token_made",
	"token_revoked",
	"project_registered",
	"project_unregistered",
	"key_made",
	"key_revoked",
	"addresses_set",
	"retention_set",
	"project_erased",
] as const;

export type ActName = (typeof ACTS)[number];

/** Where an act comes from that was done by a command on the server's machine. */
export const CONSOLE = "console";

/** One act. What this file's methods change is stored with its act, in one transaction, or not at all. */
export interface Act {
	at: number;
	/** The administrator's name; null for nobody known, or whoever has the server's console. */
	who: string | null;
	act: ActName;
	/** What it was done to, in words of this server's people: a name, a project. */
	what: string | null;
	/** `console`, or what the address policy lets be kept of the address; null where that is nothing. */
	source: string | null;
}

export interface StoredAct extends Act {
	id: number;
}

export interface Administrator {
	id: number;
	name: string;
	madeAt: number;
}

export interface Credentials {
	name: string;
	/** A hash, with its parameters (access/passwords.ts). */
	password: string;
}

export interface NewSession {
	/** SHA-256 of what the browser has. */
	digest: Buffer;
	administratorId: number;
	at: number;
	/** The session that the same browser had before, which ends. */
	replaces: Buffer | null;
	/** Sessions made before, or not used since, are over, and removed. */
	over: { madeBefore: number; usedBefore: number };
}

export interface StoredSession {
	administratorId: number;
	/** The administrator's name. */
	name: string;
	madeAt: number;
	usedAt: number;
}

export interface NewToken {
	/** What it is for, in its administrator's words. */
	name: string;
	/** Null reads every project. */
	project: string | null;
	digest: Buffer;
	madeBy: string | null;
	at: number;
}

export interface ApiToken {
	id: number;
	name: string;
	project: string | null;
	usedAt: number | null;
}

export interface TokenRecord extends ApiToken {
	madeBy: string | null;
	madeAt: number;
	revokedAt: number | null;
}

export interface LoginCount {
	/** Attempts in this window, this one included. */
	count: number;
	endsAt: number;
}

export interface AccessStore {
	hasAdministrator(): Promise<boolean>;
	/** In the order of their names. */
	administrators(): Promise<Administrator[]>;
	findAdministrator(name: string): Promise<(Administrator & Credentials) | undefined>;
	/** False, and nothing is done, where the name is taken. */
	addAdministrator(credentials: Credentials, act: Act): Promise<boolean>;
	/** Ends all sessions of that administrator. False where there is none of the name. */
	setPassword(credentials: Credentials, act: Act): Promise<boolean>;
	/** With all sessions. The last one stays: without any, everybody on this machine would read everything. */
	removeAdministrator(name: string, act: Act): Promise<"removed" | "unknown" | "last">;

	/** Keeps a one-time token by its digest. */
	addSetupToken(digest: Buffer, expiresAt: number, now: number): Promise<void>;
	isSetupToken(digest: Buffer, now: number): Promise<boolean>;
	/** Adds the first administrator and uses up every one-time token; gives its id, or undefined and nothing is done. */
	setUp(digest: Buffer, credentials: Credentials, act: Act): Promise<number | undefined>;

	addSession(session: NewSession, act: Act): Promise<void>;
	findSession(digest: Buffer): Promise<StoredSession | undefined>;
	touchSession(digest: Buffer, at: number): Promise<void>;
	removeSession(digest: Buffer, act: Act): Promise<void>;

	/** Gives its number. */
	addToken(token: NewToken, act: Act): Promise<number>;
	/** The newest first. */
	tokens(): Promise<TokenRecord[]>;
	/** Undefined for one that there is not, or not any more. */
	findToken(digest: Buffer): Promise<ApiToken | undefined>;
	touchToken(id: number, at: number): Promise<void>;
	/** Whether there was such a one that was not revoked. */
	revokeToken(id: number, act: Act): Promise<boolean>;

	/** Counts an attempt to log in in each of these buckets, each with a window of its own; in their order. */
	countLogin(buckets: readonly string[], now: number, windowMs: number): Promise<LoginCount[]>;
	forgetLogins(buckets: readonly string[]): Promise<void>;

	record(act: Act): Promise<void>;
	/** The newest first. */
	acts(query: { before?: number | undefined; limit: number }): Promise<StoredAct[]>;
}
