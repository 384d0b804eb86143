/** A request's body, as bytes, within the limit of one request and the budget of all. */
import type { IncomingMessage } from "node:http";
import type { Share } from "./budget.js";
import { Refusal } from "./refusal.js";

/**
 * Reads a body. What is refused is not read to its end.
 *
 * @throws Refusal `body_too_large`, `busy`, or `bad_request` when the connection broke
 */
export async function receive(payload: IncomingMessage, share: Share, maxBytes: number): Promise<Buffer> {
	if (Number(payload.headers["content-length"]) > maxBytes) throw bodyTooLarge(maxBytes);
	const chunks: Buffer[] = [];
	let total = 0;
	return new Promise((resolve, reject) => {
		const refuse = (error: unknown) => {
			payload.off("data", take).off("end", finish).off("error", broken).off("close", broken);
			// A stream without a listener for errors would throw what the connection does afterwards.
			payload.on("error", () => undefined);
			payload.pause();
			chunks.length = 0;
			reject(error);
		};
		const take = (chunk: Buffer) => {
			total += chunk.length;
			if (total > maxBytes) return refuse(bodyTooLarge(maxBytes));
			try {
				share.grow(chunk.length);
			} catch (error) {
				return refuse(error);
			}
			chunks.push(chunk);
		};
		const finish = () => {
			payload.off("close", broken);
			resolve(Buffer.concat(chunks, total));
		};
		const broken = () => refuse(brokenOff());
		payload.on("data", take).on("end", finish).on("error", broken).on("close", broken);
	});
}

function bodyTooLarge(maxBytes: number): Refusal {
	return new Refusal(
		"body_too_large",
		`The body has more than ${maxBytes} bytes. Nothing was stored or erased. Send less at once.`,
	);
}

function brokenOff(): Refusal {
	return new Refusal("bad_request", "The request broke off. Nothing was stored or erased. Send it again.");
}
