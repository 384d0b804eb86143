/**
 * `POST /ET/start`, `/ET/prelim` and `/ET/end`: the predecessor's own addresses, for its scripts in the field. Each call
 * becomes a batch of one report and goes the way of every batch; only the question and the answer are the predecessor's.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { WIRE_VERSION, type WireVerdict } from "../../../report/wire.js";
import { Refusal } from "../../http/refusal.js";
import { type IntakeOptions, takeBatch } from "../route.js";
import { type Call, readCall, toReport } from "./call.js";
import { readPythonJson } from "./json.js";

const FOLDER = "/ET/";
export const PREDECESSOR_PATH = `${FOLDER}*`;

const TEXT = "text/plain; charset=UTF-8";

export function addPredecessor(app: FastifyInstance, intake: IntakeOptions): void {
	const { clock, config, bodies } = intake;
	app.register(async (scope) => {
		// Whatever its type, it comes as bytes: a wrong type has a refusal of its own.
		bodies.readIn(scope, "*", config.maxPredecessorBytes);
		scope.post<{ Params: { "*": string } }>(PREDECESSOR_PATH, async (request, reply) => {
			const receivedAtMs = clock();
			const body = readBody(request);
			const call = readCall(request.params["*"], readPythonJson(body), body);
			const batch = { wire: WIRE_VERSION, reports: [toReport(call, body, receivedAtMs)] };
			const { verdicts } = await takeBatch(intake, batch, receivedAtMs, { address: request.ip, key: undefined });
			return reply.type(TEXT).send(answerTo(call, verdicts[0]));
		});
	});
}

/** Whether an address is one that the predecessor's scripts, and nobody else, ask. */
export function isForPredecessor(url: string): boolean {
	return url.startsWith(FOLDER);
}

/** A refusal in the predecessor's words. What it refused, it refused with 400. */
export function sendError(reply: FastifyReply, { status, message }: Refusal): FastifyReply {
	const code = status === 413 || status === 415 ? 400 : status;
	return reply.code(code).type(TEXT).send(`Error: ${message}\n`);
}

/** @throws Refusal when it is not JSON that says it is UTF-8 */
function readBody({ headers, body }: FastifyRequest): Buffer {
	const type = headers["content-type"] ?? "";
	if (!isJsonInUtf8(type)) throw new Refusal("bad_request", `Wrong Content-Type ("${type}")`);
	const encoding = headers["content-encoding"] ?? "identity";
	if (encoding !== "identity") throw new Refusal("bad_request", `Wrong Content-Encoding ("${encoding}")`);
	return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function isJsonInUtf8(header: string): boolean {
	const [type = "", ...parameters] = header.split(";").map((part) => part.trim().toLowerCase());
	const charset = parameters.map((parameter) => /^charset="?([^"]*)"?$/.exec(parameter)?.[1]).find((each) => each);
	return type === "application/json" && (charset === "utf-8" || charset === "utf8");
}

/**
 * What the predecessor's server answered. A report that is there already, or whose run was erased, has nothing for its
 * script to mend, and is answered like one that was stored. One that is put off is refused: no script of the
 * predecessor's comes back with it.
 *
 * @throws Refusal for one that is not stored
 */
function answerTo({ project, script, version, runId }: Call, verdict: WireVerdict | undefined): string {
	if (verdict?.verdict === "rejected" || verdict?.verdict === "later") {
		throw new Refusal("bad_request", verdict.message ?? "Not stored");
	}
	return `project:\t${project}\nscript:\t${script}\nversion:\t${version ?? ""}\nrun_id:\t${runId}\n`;
}
