/** What every server of a test needs: a free port on loopback, and an end that leaves no socket behind. */
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import type { ExecutionContext } from "ava";

export interface Listening {
	port: number;
	/** Has a socket of the server's own end with it, too. */
	keep: (socket: Socket) => Socket;
}

/** Listens; server and connections are closed when the test ends. */
export async function listenUntilEnd(t: ExecutionContext, server: Server): Promise<Listening> {
	const sockets = new Set<Socket>();
	const keep = (socket: Socket): Socket => {
		sockets.add(socket);
		// What a test breaks off is no failure of its server.
		return socket.on("error", () => {}).on("close", () => sockets.delete(socket));
	};
	server.on("connection", keep);
	t.teardown(async () => {
		const closed = once(server, "close");
		server.close();
		for (const socket of sockets) socket.destroy();
		await closed;
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return { port: (server.address() as AddressInfo).port, keep };
}
