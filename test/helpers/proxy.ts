/** A forward proxy on loopback that tunnels what it is asked to, and writes down what that was. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { ExecutionContext } from "ava";

export interface TestProxy {
	url: string;
	/** Each tunnel that was asked for, as `host:port`. */
	tunnels: string[];
}

/** Starts a proxy; it is closed, with its tunnels, when the test ends. */
export async function testProxy(t: ExecutionContext): Promise<TestProxy> {
	const tunnels: string[] = [];
	const sockets = new Set<Socket>();
	const keep = (socket: Socket): Socket => {
		sockets.add(socket);
		return socket.on("error", () => {}).on("close", () => sockets.delete(socket));
	};
	const server = createServer((_, response) => response.writeHead(501).end());
	server.on("connection", keep);
	server.on("connect", (request, client: Socket) => {
		const { hostname, port } = new URL(`http://${request.url}`);
		tunnels.push(`${hostname}:${port}`);
		const target = keep(connect(Number(port), hostname, () => client.write("HTTP/1.1 200 Established\r\n\r\n")));
		target.on("error", () => client.destroy());
		client.pipe(target).pipe(client);
	});
	t.teardown(async () => {
		const closed = once(server, "close");
		server.close();
		for (const socket of sockets) socket.destroy();
		await closed;
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}
