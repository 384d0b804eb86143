/** A forward proxy on loopback that tunnels what it is asked to, and writes down what that was. */
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { listenUntilEnd } from "./listening.js";

export interface TestProxy {
	url: string;
	/** Each tunnel that was asked for, as `host:port`. */
	tunnels: string[];
}

/** Starts a proxy; it is closed, with its tunnels, when the test ends. */
export async function testProxy(t: ExecutionContext): Promise<TestProxy> {
	const tunnels: string[] = [];
	const server = createServer((_, response) => response.writeHead(501).end());
	const { port, keep } = await listenUntilEnd(t, server);
	server.on("connect", (request, client: Socket) => {
		const { hostname, port } = new URL(`http://${request.url}`);
		tunnels.push(`${hostname}:${port}`);
		const target = keep(connect(Number(port), hostname, () => client.write("HTTP/1.1 200 Established\r\n\r\n")));
		target.on("error", () => client.destroy());
		client.pipe(target).pipe(client);
	});
	return { url: `http://127.0.0.1:${port}`, tunnels };
}
