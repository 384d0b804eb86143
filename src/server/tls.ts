/** https without a proxy: the certificate and its key, read, looked through, and renewed while the server runs. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import { createSecureContext } from "node:tls";
import { EtError, systemErrorCode } from "../errors.js";
import type { ServerConfig } from "./config.js";
import { listenerOptions } from "./http/listener.js";

/** Where the operator keeps them: paths of PEM files. */
export interface TlsFiles {
	/** The certificate, followed by those between it and the authority. */
	cert: string;
	key: string;
}

/** A certificate that can be shown now, with its key. */
export interface TlsIdentity {
	cert: string;
	key: string;
	/** For which hosts it is, such as `et.example.org, 192.0.2.1`. */
	names: string;
	/** Until when, in milliseconds since the epoch. */
	untilMs: number;
}

/** How PKCS #8 and the older form of a key say that a passphrase is needed. */
const LOCKED_KEY = /^-----BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m;

const FILE_REASONS: Readonly<Record<string, string>> = {
	ENOENT: "there is no such file",
	ENOTDIR: "there is no such file",
	EACCES: "it may not be read by this user",
	EISDIR: "it is a folder",
};

/**
 * Reads both and finds out whether clients can be shown them.
 *
 * @param nowMs milliseconds since the epoch
 * @throws EtError `ET_TLS_UNUSABLE`, with what to do
 */
export function readTls(files: TlsFiles, nowMs: number): TlsIdentity {
	const cert = readPem(files.cert, "certificate", "--tls-cert");
	const key = readPem(files.key, "private key", "--tls-key");
	const certificate = parseCertificate(cert, files);
	if (!certificate.checkPrivateKey(parseKey(key, files))) {
		throw unusable(
			`The private key ${files.key} is not that of the certificate ${files.cert}`,
			"Name the two that were made together with --tls-cert and --tls-key; the server's own certificate stands first in its file",
		);
	}
	const [fromMs, untilMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
	if (nowMs > untilMs) {
		throw unusable(
			`The certificate ${files.cert} expired on ${dayOf(untilMs)}`,
			"No client would trust it: have it renewed",
		);
	}
	if (nowMs < fromMs) {
		throw unusable(
			`The certificate ${files.cert} is not valid before ${dayOf(fromMs)}`,
			"Check this machine's clock, or wait",
		);
	}
	try {
		createSecureContext({ cert, key });
	} catch (error) {
		throw unusable(
			`The certificate ${files.cert} and its key cannot be used (${reasonOf(error)})`,
			"Have them made anew, with a key of 2048 bits or more",
			error,
		);
	}
	return { cert, key, names: namesOf(certificate), untilMs };
}

/** A day in UTC, such as `2026-01-31`. */
function dayOf(ms: number): string {
	return new Date(ms).toISOString().slice(0, "YYYY-MM-DD".length);
}

/** The servers that show one certificate: where a host has several addresses there is one for each. */
export class TlsServers {
	#identity: TlsIdentity;
	readonly #servers: Server[] = [];

	constructor(identity: TlsIdentity) {
		this.#identity = identity;
	}

	/** A server with the bounds that one without TLS has; to agree on a connection may take as long as a request's head. */
	create(listener: RequestListener, config: ServerConfig): Server {
		const { http, requestTimeout, keepAliveTimeout, connectionTimeout } = listenerOptions(config);
		const { cert, key } = this.#identity;
		const server = createServer(
			{ ...http, requestTimeout, keepAliveTimeout, handshakeTimeout: http.headersTimeout, cert, key },
			listener,
		);
		server.setTimeout(connectionTimeout);
		this.#servers.push(server);
		return server;
	}

	/** Connections from now on are shown this one; those that are open stay as they are. */
	renew(identity: TlsIdentity): void {
		this.#identity = identity;
		for (const server of this.#servers) server.setSecureContext({ cert: identity.cert, key: identity.key });
	}
}

function readPem(file: string, what: string, option: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		const reason = FILE_REASONS[systemErrorCode(error) ?? ""] ?? reasonOf(error);
		throw unusable(`The ${what} ${file} cannot be read: ${reason}`, `Name a PEM file with ${option}`, error);
	}
}

function parseCertificate(pem: string, { cert }: TlsFiles): X509Certificate {
	try {
		return new X509Certificate(pem);
	} catch (error) {
		throw unusable(
			`${cert} holds no certificate in PEM`,
			"--tls-cert is for the file that begins with BEGIN CERTIFICATE, --tls-key for that of the private key",
			error,
		);
	}
}

function parseKey(pem: string, { key }: TlsFiles): KeyObject {
	try {
		return createPrivateKey(pem);
	} catch (error) {
		if (LOCKED_KEY.test(pem)) {
			throw unusable(
				`The private key ${key} is locked by a passphrase`,
				`Unlock it into a file that only this user reads: openssl pkey -in ${key} -out unlocked.pem`,
				error,
			);
		}
		throw unusable(
			`${key} holds no private key in PEM`,
			"--tls-key is for the file that begins with BEGIN PRIVATE KEY, --tls-cert for that of the certificate",
			error,
		);
	}
}

function namesOf({ subjectAltName = "", subject }: X509Certificate): string {
	const names = subjectAltName.split(", ").map((name) => name.replace(/^(?:DNS|IP Address):/, ""));
	return subjectAltName === "" ? subject.replaceAll("\n", ", ") : names.join(", ");
}

function reasonOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

function unusable(what: string, advice: string, cause?: unknown): EtError {
	return new EtError("ET_TLS_UNUSABLE", `${what}; no data was touched. ${advice}.`, { cause });
}
