/**
 * What Node.js's own parser cannot read, or what does not arrive in time, never becomes a request. It is answered here,
 * in the form of every other refusal, on the bare socket.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { systemErrorCode } from "../../errors.js";
import { LINGER_MS } from "../config.js";
import { Refusal } from "./refusal.js";

/** The answer that Node.js has under way on a socket; it keeps it in a field of its own. */
type BusySocket = Socket & { _httpMessage?: (ServerResponse & { req?: IncomingMessage }) | null };

/** Answers an error of a connection, after what its client asked for before, and closes the connection. */
export function answerClientError(error: Error, socket: BusySocket): void {
	const refusal = toRefusal(systemErrorCode(error) ?? "");
	if (refusal === undefined || !socket.writable) {
		socket.destroy();
		return;
	}
	const current = socket._httpMessage;
	// Whole requests came before it: their answers go first, or this one would be taken for theirs.
	if (current?.req?.complete) {
		current.once("close", () => refuse(socket, refusal));
		return;
	}
	// Half of an answer is on its way already; a second one would be read as its rest.
	if (current?.headersSent) socket.destroy();
	else refuse(socket, refusal);
}

/** Undefined where there is nobody left to answer to. */
function toRefusal(code: string): Refusal | undefined {
	switch (code) {
		case "ECONNRESET":
		case "EPIPE":
			return undefined;
		case "HPE_HEADER_OVERFLOW":
		case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
			return new Refusal(
				"headers_too_large",
				"The request's address and headers are too long; nothing was done. Send fewer.",
			);
		case "ERR_HTTP_REQUEST_TIMEOUT":
			return new Refusal("too_slow", "The request did not arrive in time; nothing was done. Send it again.");
		default:
			return new Refusal("bad_request", "The request is not HTTP; nothing was done. Correct it and try again.");
	}
}

/** Writes a refusal and closes; the client gets a moment to read it before what it still sends resets the connection. */
export function refuse(socket: Socket, refusal: Refusal): void {
	if (!socket.writable) {
		socket.destroy();
		return;
	}
	socket.end(rawAnswer(refusal));
	const destroy = setTimeout(() => socket.destroy(), LINGER_MS).unref();
	socket.once("close", () => clearTimeout(destroy));
}

function rawAnswer(refusal: Refusal): string {
	const body = JSON.stringify(refusal.toWire());
	return [
		`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
		"content-type: application/json; charset=utf-8",
		`content-length: ${Buffer.byteLength(body)}`,
		"connection: close",
		"x-content-type-options: nosniff",
		"",
		body,
	].join("\r\n");
}
