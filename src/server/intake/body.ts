/** From a request's bytes to a JSON value, within bounds whatever was sent. */
import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { systemErrorCode } from "../../errors.js";
import type { ServerConfig } from "../config.js";
import { Refusal } from "../http/refusal.js";
import { isTooIntricate } from "./depth.js";

const inflate = promisify(gunzip);

/** How a body may be encoded, in the words of the `Content-Encoding` header. */
export type BodyEncoding = "identity" | "gzip";

/**
 * The encoding that a `Content-Encoding` header names.
 *
 * @throws Refusal `unsupported_encoding`
 */
export function bodyEncoding(header: string | undefined): BodyEncoding {
	const name = (header ?? "identity").trim().toLowerCase();
	if (name === "identity" || name === "") return "identity";
	if (name === "gzip" || name === "x-gzip") return "gzip";
	throw new Refusal(
		"unsupported_encoding",
		"The body's Content-Encoding is neither identity nor gzip. Nothing was stored or erased. Send it as it is, or gzipped.",
	);
}

/**
 * The JSON value that bytes are.
 *
 * JSON.parse makes a key named `__proto__` an ordinary property, so that nothing sent can reach a
 * prototype; the report's schema then refuses it like any other unknown field.
 *
 * @throws Refusal `not_json` or `too_deep`
 */
export function parseJson(bytes: Buffer, limits: Pick<ServerConfig, "maxDepth" | "maxParts">): unknown {
	// Decoding would silently replace what is not UTF-8, and so store what was not sent.
	if (!isUtf8(bytes)) throw notJson("it is not UTF-8");
	if (isTooIntricate(bytes, limits)) throw tooDeep(limits);
	try {
		return JSON.parse(bytes.toString("utf8"));
	} catch (error) {
		throw notJson("it does not parse", error);
	}
}

/** A gzipped body as it was before. @throws Refusal `not_gzip` or `body_too_large` */
export async function inflateWithin(body: Buffer, maxOutputLength: number): Promise<Buffer> {
	try {
		return await inflate(body, { maxOutputLength });
	} catch (error) {
		if (systemErrorCode(error) === "ERR_BUFFER_TOO_LARGE") {
			throw new Refusal(
				"body_too_large",
				`The body inflates to more than ${maxOutputLength} bytes. Nothing was stored or erased. Send less at once.`,
			);
		}
		throw new Refusal(
			"not_gzip",
			"The body is said to be gzip, but is damaged or cut short. Nothing was stored or erased. Send it again.",
			{ cause: error },
		);
	}
}

function notJson(reason: string, cause?: unknown): Refusal {
	return new Refusal(
		"not_json",
		`The body is not JSON: ${reason}. Nothing was stored or erased. Send one JSON object.`,
		{
			cause,
		},
	);
}

function tooDeep({ maxDepth, maxParts }: Pick<ServerConfig, "maxDepth" | "maxParts">): Refusal {
	return new Refusal(
		"too_deep",
		`The body has more than ${maxDepth} objects and arrays inside one another, or ${maxParts} in all. Nothing was stored or erased. Send what docs/wire-format.md shows.`,
	);
}

export function unsupportedMediaType(): Refusal {
	return new Refusal(
		"unsupported_media_type",
		"The body's Content-Type is not application/json. Nothing was stored or erased. Send JSON, and say so.",
	);
}
