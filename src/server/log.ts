/**
 * The server's log: lines of JSON, by the logger that comes with the framework. Of a request it has the pattern of its
 * address and never the address itself, so that no query, id, token or address of a client is in it.
 */
import { type FastifyInstance, type FastifyServerOptions, LogController } from "fastify";
import type { Log } from "./config.js";
import type { LogLevel } from "./log-levels.js";

export interface LogTarget {
	level: LogLevel;
	/** Takes whole lines. */
	stream: { write(line: string): void };
}

/** The framework's options; without a target nothing is logged. */
export function loggerOptions(target: LogTarget | undefined): Pick<FastifyServerOptions, "logger" | "logController"> {
	if (target === undefined) return { logger: false };
	return {
		logger: {
			level: target.level,
			stream: target.stream,
			base: { pid: process.pid },
			timestamp: () => `,"time":"${new Date().toISOString()}"`,
			formatters: { level: (level: string) => ({ level }) },
			// What the framework itself says of a request or an answer would hold addresses and headers.
			serializers: { req: nothing, res: nothing, err: (error: unknown) => describe(error) },
		},
		// It would log each request with its address, its query and its client.
		logController: new LogController({ disableRequestLogging: true }),
	};
}

/** The server's own trouble. */
export function logOf(app: FastifyInstance): Log {
	return (message, error) => {
		if (error === undefined) app.log.error(message);
		else app.log.error({ err: error }, message);
	};
}

/** A line for each request, once it is answered. */
export function addRequestLog(app: FastifyInstance, target: LogTarget | undefined): void {
	if (target?.level !== "info" && target?.level !== "debug") return;
	app.addHook("onResponse", async (request, reply) => {
		const { method } = request;
		const route = request.is404 ? null : (request.routeOptions.url ?? null);
		app.log.info({ method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, "request");
	});
}

const nothing = () => ({});

/** How many causes of causes are told. */
const MOST_CAUSES = 4;

interface Described {
	[more: string]: unknown;
	type: string;
	message: string;
	stack: string;
}

/** An error without what else hangs on it: a database's may hold values of rows. */
function describe(error: unknown, causes = MOST_CAUSES): Described {
	if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: "" };
	const { name: type, message, stack = "", cause } = error;
	const described: Described = { type, message, stack };
	if ("code" in error) described["code"] = error.code;
	if (cause !== undefined && causes > 0) described["cause"] = describe(cause, causes - 1);
	return described;
}
