/** Who a request is from, as far as it concerns what they may read. */
import type { FastifyRequest } from "fastify";

export interface LoggedIn {
	kind: "administrator";
	id: number;
	name: string;
	/** What the browser's cookie holds. */
	secret: string;
}

export type Visitor =
	/** On this machine, while there is no administrator: reads everything. */
	| { kind: "local" }
	| LoggedIn
	/** With a token: reads one project, or all with null. */
	| { kind: "token"; project: string | null }
	| { kind: "stranger" };

const STRANGER: Visitor = { kind: "stranger" };
const visitors = new WeakMap<FastifyRequest, Visitor>();

/** Whom the gate found a request to be from; a stranger where it was not asked. */
export function visitorOf(request: FastifyRequest): Visitor {
	return visitors.get(request) ?? STRANGER;
}

export function setVisitor(request: FastifyRequest, visitor: Visitor): void {
	visitors.set(request, visitor);
}
