/** Every number that the server goes by, in one place. Sizes are in bytes, times in milliseconds. */

import { MAX_ERASURES } from "../report/wire.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * 60 * 60 * 1000;

/** Where the server listens unless told otherwise. Loopback: to open it to others is the operator's choice. */
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 8377;

/** The server's clock: milliseconds since the epoch. */
export type Clock = () => number;

/** Where the server says what an operator should know; the error, where there is one, is for the log alone. */
export type Log = (message: string, error?: unknown) => void;

/** What the operator, or a test, may set. */
export interface ServerConfig {
	/** Most bytes of a request's body as it travels. @defaultValue 2 MiB */
	maxBodyBytes: number;
	/** Most bytes of a body once inflated. @defaultValue 4 MiB */
	maxInflatedBytes: number;
	/** Most bytes of a body that a script of the predecessor sends. @defaultValue 256 KiB */
	maxPredecessorBytes: number;
	/** Most objects and arrays inside one another in a body. @defaultValue 32 */
	maxDepth: number;
	/** Most objects and arrays in a body: a batch of the largest reports has about 52,000. @defaultValue 100,000 */
	maxParts: number;
	/** Most bytes of a request's address and headers together. @defaultValue 16 KiB */
	maxHeaderBytes: number;
	/** Most bytes of bodies, as sent and inflated, that are held at once. @defaultValue 64 MiB */
	maxBytesAtOnce: number;
	/** Most reports of one batch. @defaultValue 500 */
	maxReports: number;
	/** Most erasures of one request. @defaultValue 500 */
	maxErasures: number;
	/** How long a request's headers may take to arrive. @defaultValue 10 s */
	headersTimeoutMs: number;
	/** How long a request may take to arrive whole. @defaultValue 60 s */
	requestTimeoutMs: number;
	/** How long a connection may be silent while an answer is under way. @defaultValue 60 s */
	silenceTimeoutMs: number;
	/** How long a connection is kept for a next request. @defaultValue 10 s */
	keepAliveMs: number;
	/** Most connections at once. @defaultValue 1000 */
	maxConnections: number;
	/** Most connections at once from one address. @defaultValue 100 */
	maxConnectionsPerAddress: number;
	/** Most requests of one address (IPv6: of its /64) in a window; 0 for no limit. @defaultValue 600 */
	requestsPerAddress: number;
	/** The window in which requests are counted. @defaultValue 60 s */
	rateWindowMs: number;
	/** How long requests under way may take to finish once the server is told to stop. @defaultValue 10 s */
	closeTimeoutMs: number;
	/** What a client is told to wait when the store cannot take a batch, in seconds. @defaultValue 30 */
	retryAfterSeconds: number;
	/** Runs on one page. @defaultValue 50 */
	runsPerPage: number;
	/** Reports of projects that are not registered are taken as well. @defaultValue false */
	openIntake: boolean;
	/** Most requests with one key in a window; 0 for no limit. @defaultValue 6000 */
	requestsPerKey: number;
	/** After what time it counts here what another process registered, or revoked. @defaultValue 5 s */
	registryMaxAgeMs: number;
	/** After what time without a request an administrator is logged out. @defaultValue 12 h */
	sessionIdleMs: number;
	/** After what time an administrator has to log in anew. @defaultValue 7 days */
	sessionMaxMs: number;
	/** How long the address for setting up the first administrator works. @defaultValue 1 h */
	setupTokenMs: number;
	/** Most failed attempts to log in from one address (IPv6: of its /64) in a window. @defaultValue 30 */
	loginsPerAddress: number;
	/** Most failed attempts to log in under one name in a window. @defaultValue 10 */
	loginsPerName: number;
	/** The window in which attempts to log in are counted. @defaultValue 15 min */
	loginWindowMs: number;
	/** How often the server looks after what is stored, beside when it starts. @defaultValue 1 day */
	upkeepIntervalMs: number;
	/** Addresses and networks of the proxies whose `X-Forwarded-For` is believed. @defaultValue none */
	trustedProxies: readonly string[];
}

export const DEFAULT_CONFIG = {
	maxBodyBytes: 2 * MIB,
	maxInflatedBytes: 4 * MIB,
	maxPredecessorBytes: 256 * KIB,
	maxDepth: 32,
	maxParts: 100_000,
	maxHeaderBytes: 16 * KIB,
	maxBytesAtOnce: 64 * MIB,
	maxReports: 500,
	maxErasures: MAX_ERASURES,
	headersTimeoutMs: 10_000,
	requestTimeoutMs: 60_000,
	silenceTimeoutMs: 60_000,
	keepAliveMs: 10_000,
	maxConnections: 1000,
	maxConnectionsPerAddress: 100,
	requestsPerAddress: 600,
	rateWindowMs: 60_000,
	closeTimeoutMs: 10_000,
	retryAfterSeconds: 30,
	runsPerPage: 50,
	openIntake: false,
	requestsPerKey: 6000,
	registryMaxAgeMs: 5_000,
	sessionIdleMs: 12 * HOUR_MS,
	sessionMaxMs: 7 * 24 * HOUR_MS,
	setupTokenMs: HOUR_MS,
	loginsPerAddress: 30,
	loginsPerName: 10,
	loginWindowMs: HOUR_MS / 4,
	upkeepIntervalMs: DAY_MS,
	trustedProxies: [],
} satisfies ServerConfig;

/** How often connections are looked at for timeouts, at most; a shorter timeout is looked at twice. */
export const TIMEOUTS_CHECKED_MS = 5_000;

/** How long a refused connection stays open for its client to read why. */
export const LINGER_MS = 1_000;

/**
 * A client's clock that is off by no more than this is taken at its word. A request may itself
 * take as long to arrive, so a smaller number would correct clocks that are right.
 */
export const TOLERATED_SKEW_MS = 60_000;

/** Most characters of an explanation that goes with a verdict: it may quote what was sent. */
export const MAX_MESSAGE_LENGTH = 300;

/** Longest id that a verdict echoes when it is not one of ours, in characters. */
export const MAX_ECHOED_ID_LENGTH = 128;

/** Runs or events on a page of JSON, where an address does not say, and at most. */
export const USUAL_EXPORT_PAGE = 100;
export const MAX_EXPORT_PAGE = 1000;
/** Runs or events that are read at once, however many are given out. */
export const EXPORT_STEP = 500;
/** Rows that a reader of Parquet can skip together; so many are in memory at once. */
export const PARQUET_GROUP_ROWS = 10_000;

/** Events of one run that are read to show it; the newest count. */
export const MAX_EVENTS_SHOWN = 200;

/** Projects in which one report is redacted; the client of a run sends it to one. */
export const MAX_COPIES_REDACTED = 16;

/** Projects offered as a filter on the first page. */
export const MAX_PROJECTS_LISTED = 50;

/** Ingest keys, also such as there are not, that the server remembers between requests. */
export const MAX_KEYS_REMEMBERED = 10_000;

/** Projects whose row ids the store, and whose rules the intake, remembers between batches. */
export const MAX_PROJECTS_REMEMBERED = 10_000;

/**
 * How long SQLite waits for another process's lock before it says that it is busy. Everything else
 * waits as well, so that a client is rather asked to come back.
 */
export const SQLITE_BUSY_TIMEOUT_MS = 500;

/**
 * Pages in the write-ahead log before SQLite folds it into the database (32 MiB at 4 KiB a page):
 * random run ids then meet more often in one page before it is written. About 10 % more reports a
 * second than SQLite's own 1,000.
 */
export const SQLITE_CHECKPOINT_PAGES = 8_000;

/**
 * Most rows of batches that SQLite stores in one transaction: eight batches of the largest. It takes some 50 ms, in which
 * everything else waits.
 */
export const SQLITE_GROUP_ROWS = 4_000;

/** After what time the write-ahead log is emptied when another process was reading as something was erased. */
export const SQLITE_WIPE_RETRY_MS = 60_000;

/** Connections to PostgreSQL of one server. */
export const POSTGRES_CONNECTIONS = 10;

/** How long a request waits for a connection to PostgreSQL, a new one or one that is free. */
export const POSTGRES_CONNECT_TIMEOUT_MS = 5_000;

/** How long PostgreSQL may take for one statement, waiting for locks included. */
export const POSTGRES_STATEMENT_TIMEOUT_MS = 30_000;

/** After what time PostgreSQL ends a transaction whose server has fallen silent, and its locks with it. */
export const POSTGRES_IDLE_TRANSACTION_MS = 30_000;

/** Shortest and longest password of an administrator, in characters. */
export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 256;

/** Passwords that wait to be looked at, one after the other; more are asked to come back. */
export const MAX_PASSWORDS_WAITING = 16;

/** Most bytes of a form. */
export const MAX_FORM_BYTES = 8 * KIB;

/** After what time it is noted again that a session, or a token, is in use. */
export const SESSION_NOTED_MS = HOUR_MS / 60;
export const TOKEN_NOTED_MS = HOUR_MS;

/** Acts on a page of the log of acts. */
export const ACTS_PER_PAGE = 100;
/** For how long addresses are hashed with one key, unless the operator says otherwise. */
export const ADDRESS_WINDOW_MS = 30 * DAY_MS;

/** Of a key of hashes: as many as SHA-256 gives. */
export const ADDRESS_KEY_BYTES = 32;

/** Events of old runs that go in one step at most. */
export const MAX_EVENTS_GONE = 1_000;

/** Steps in a row that found nothing old, after which nothing old is looked for any more. */
export const YOUNG_STEPS = 50;

/** For how long a server that has begun to look after what is stored keeps others from doing so, unless it goes on. */
export const UPKEEP_CLAIM_MS = 5 * 60 * 1000;

/** Events that are looked at in one step of the upkeep, which intake waits for. */
export const UPKEEP_STEP = 200;

/** How long a browser may keep the style sheet: its address changes with its content. */
export const STYLE_MAX_AGE_SECONDS = 365 * 24 * 60 * 60;
