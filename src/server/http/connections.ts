/** How many connections there may be, in all and from one address: one client must not take the place of all. */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { ServerConfig } from "../config.js";
import { addressSet, LOOPBACK } from "./addresses.js";

/** Closes connections beyond the limits before anything is read of them. Loopback and trusted proxies speak for many. */
export function limitConnections(server: Server, config: ServerConfig): void {
	server.maxConnections = config.maxConnections;
	const proxies = addressSet(config.trustedProxies);
	const open = new Map<string, number>();
	server.on("connection", (socket: Socket) => {
		const address = socket.remoteAddress;
		if (address === undefined || LOOPBACK.has(address) || proxies.has(address)) return;
		if (!admit(open, address, config.maxConnectionsPerAddress)) {
			socket.destroy();
			return;
		}
		socket.once("close", () => leave(open, address));
	});
}

/** Counts a connection, where its address may have one more. */
export function admit(open: Map<string, number>, address: string, most: number): boolean {
	const count = open.get(address) ?? 0;
	if (count >= most) return false;
	open.set(address, count + 1);
	return true;
}

/** Forgets an address with its last connection: the counts are no more than there are connections. */
export function leave(open: Map<string, number>, address: string): void {
	const left = (open.get(address) ?? 1) - 1;
	if (left > 0) open.set(address, left);
	else open.delete(address);
}
