/** A server that listens: what the command, the demonstration, tests and benchmarks start. */
import type { AddressInfo } from "node:net";
import { EtError } from "../errors.js";
import { offerSetup } from "./access/setup.js";
import { buildApp } from "./app.js";
import { type Clock, DEFAULT_CONFIG, DEFAULT_HOST, DEFAULT_PORT, type Log, type ServerConfig } from "./config.js";
import { LOOPBACK } from "./http/addresses.js";
import { type LogTarget, logOf } from "./log.js";
import { takeOver } from "./store/move.js";
import { openStore } from "./store/open.js";
import type { Store } from "./store/types.js";
import { readTls, type TlsFiles, type TlsIdentity, TlsServers } from "./tls.js";
import { Upkeep } from "./upkeep/upkeep.js";

export interface ServerOptions {
	/** Path of the SQLite file; made where it is missing. */
	database: string;
	/** @defaultValue "127.0.0.1" */
	host?: string;
	/** 0 takes any that is free. @defaultValue 8377 */
	port?: number;
	/** A certificate and its key, for https. @defaultValue http */
	tls?: TlsFiles | undefined;
	/** @defaultValue Date.now */
	clock?: Clock;
	/** Hears of the server's own trouble in place of the log. */
	log?: Log;
	/** Where the log goes. @defaultValue there is none */
	logTarget?: LogTarget | undefined;
	/** What differs from {@link DEFAULT_CONFIG}. */
	config?: Partial<ServerConfig>;
}

export interface RunningServer {
	/** Where it listens, without a slash at the end. */
	url: string;
	store: Store;
	/** Hears of trouble that is not of a request. */
	log: Log;
	/** Where to set up the first administrator, with a new token; null where there is one. */
	offerSetup(): Promise<string | null>;
	/** What it shows clients; null where it speaks http. */
	certificate: TlsIdentity | null;
	/** Reads certificate and key again. @throws EtError as {@link readTls} does; then it goes on with those it had */
	renewCertificate(): TlsIdentity | null;
	/** What it does on its own. */
	upkeep: Upkeep;
	/** Takes no more connections, lets requests under way finish, and closes the store. */
	close(): Promise<void>;
}

/**
 * Opens the store and listens.
 *
 * @throws EtError as {@link openStore} and {@link readTls} do; the system's error when the address cannot be had
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
	const config: ServerConfig = { ...DEFAULT_CONFIG, ...options.config };
	const clock = options.clock ?? Date.now;
	const certificate = options.tls ? readTls(options.tls, clock()) : null;
	const tls = certificate ? new TlsServers(certificate) : undefined;
	const store = await openToServe(options.database);
	const host = options.host ?? DEFAULT_HOST;
	const app = await buildApp({ store, clock, log: options.log, logTarget: options.logTarget, config, tls });
	const log = options.log ?? logOf(app);
	const upkeep = new Upkeep({ store, clock, log, config });
	const close = async () => {
		const stragglers = setTimeout(() => app.server.closeAllConnections(), config.closeTimeoutMs);
		await app.close().finally(() => clearTimeout(stragglers));
		await upkeep.stop();
		await store.close();
	};
	try {
		if (!isLoopback(host) && !(await store.hasAdministrator())) throw tooOpen(host);
		await app.listen({ host, port: options.port ?? DEFAULT_PORT });
	} catch (error) {
		await close();
		throw error;
	}
	upkeep.start();
	const renewCertificate = (): TlsIdentity | null => {
		if (!options.tls) return null;
		const renewed = readTls(options.tls, clock());
		tls?.renew(renewed);
		return renewed;
	};
	const url = urlOf(tls ? "https" : "http", app.server.address() as AddressInfo);
	const offer = async () => {
		const path = await offerSetup(store, clock, config);
		return path === null ? null : url + path;
	};
	return { url, store, log, offerSetup: offer, certificate, renewCertificate, upkeep, close };
}

async function openToServe(database: string): Promise<Store> {
	const store = await openStore(database);
	try {
		await takeOver(store);
		return store;
	} catch (error) {
		await store.close();
		throw error;
	}
}

/** Whether only this machine can reach an address. */
function isLoopback(host: string): boolean {
	return host === "localhost" || LOOPBACK.has(host);
}

function tooOpen(host: string): EtError {
	return new EtError(
		"ET_NO_ADMINISTRATOR",
		`There is no administrator yet, so that whoever reaches ${host} would read everything. Nothing was received. Make one with et-server admin add NAME, and start again; or listen on ${DEFAULT_HOST}, where only this machine reads.`,
	);
}

function urlOf(scheme: "http" | "https", { address, family, port }: AddressInfo): string {
	return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
