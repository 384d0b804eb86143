/** A balancer on an address that stays: each connection goes to one of the servers that live now, in turn. */

import type { AddressInfo } from "node:net";
import { createServer, connect as dial, type Socket } from "node:net";

export interface Balancer {
	url: string;
	/** The ports of the servers; to be changed as they come and go. */
	ports: Set<number>;
	close(): void;
}

export async function startBalancer(): Promise<Balancer> {
	const ports = new Set<number>();
	const open = new Set<Socket>();
	let turn = 0;
	const server = createServer((client) => {
		const living = [...ports];
		const port = living[turn++ % living.length];
		if (port === undefined) return void client.destroy();
		const upstream = dial(port, "127.0.0.1");
		for (const [one, other] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			open.add(one);
			one.on("error", () => other.destroy());
			one.on("close", () => {
				open.delete(one);
				other.destroy();
			});
			one.pipe(other);
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		ports,
		close: () => {
			server.close();
			for (const socket of open) socket.destroy();
		},
	};
}
