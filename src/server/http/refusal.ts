import { WIRE_VERSION, type WireError } from "../../report/wire.js";
import { REFUSALS, type RefusalCode } from "../intake/codes.js";

/** A request that is refused as a whole; the code decides the status. */
export class Refusal extends Error {
	readonly code: RefusalCode;

	constructor(code: RefusalCode, message: string, options?: { cause?: unknown }) {
		super(message, options);
		this.name = "Refusal";
		this.code = code;
	}

	get status(): number {
		return REFUSALS[this.code];
	}

	/** The body of the answer: what tells our refusal from a stranger's. */
	toWire(): WireError {
		return { wire: WIRE_VERSION, error: { code: this.code, message: this.message } };
	}
}
