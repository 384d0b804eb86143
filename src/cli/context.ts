/** What a command takes from its surroundings, in one place. */
import { type ClientContext, systemContext } from "../client/context.js";
import { Output } from "./output.js";

export interface CliContext {
	client: ClientContext;
	out: Output;
	err: Output;
}

const STDOUT = 1;
const STDERR = 2;

export function systemCli(): CliContext {
	return { client: systemContext(), out: new Output(STDOUT), err: new Output(STDERR) };
}
