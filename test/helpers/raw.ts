/** Bytes on a bare socket, for what no HTTP client would send. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawAnswer {
	status: number;
	/** Names in lower case. */
	headers: Map<string, string>;
	body: string;
}

export async function rawConnection(url: string): Promise<Socket> {
	const { hostname, port } = new URL(url);
	const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
	// A connection that the server ends is no failure of the test's.
	socket.on("error", () => undefined);
	await once(socket, "connect");
	return socket;
}

/** Everything that a server says on a connection until that ends. */
export async function readAll(socket: Socket): Promise<string> {
	const chunks: Buffer[] = [];
	socket.on("data", (chunk: Buffer) => chunks.push(chunk));
	if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
	return Buffer.concat(chunks).toString("latin1");
}

/** Sends bytes, and gives what is answered until the connection ends; the client's own side stays open. */
export async function rawExchange(url: string, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
	const socket = await rawConnection(url);
	const said = readAll(socket);
	for (const part of parts) socket.write(part);
	return said;
}

/** The answers in what a server said; those with a body have a Content-Length. */
export function rawAnswers(said: string): RawAnswer[] {
	const answers: RawAnswer[] = [];
	let rest = said;
	while (rest !== "") {
		const head = rest.indexOf("\r\n\r\n");
		const [statusLine = "", ...lines] = rest.slice(0, head).split("\r\n");
		const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1];
		if (head < 0 || status === undefined)
			throw new Error(`not an answer of HTTP: ${JSON.stringify(rest.slice(0, 200))}`);
		const headers = new Map(
			lines.map((line): [string, string] => {
				const colon = line.indexOf(":");
				return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
			}),
		);
		const end = head + 4 + Number(headers.get("content-length") ?? 0);
		answers.push({ status: Number(status), headers, body: rest.slice(head + 4, end) });
		rest = rest.slice(end);
	}
	return answers;
}
