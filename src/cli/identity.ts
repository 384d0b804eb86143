/** Who this command is, to others that work with the same spool. */
import { bytesToHex } from "../report/ids.js";
import type { Holder } from "../spool/changing.js";
import { hostHash } from "../spool/layout.js";
import { writerName } from "../spool/line-file.js";
import type { CliContext } from "./context.js";

/** Names the files that this process writes. */
export function ownWriter({ client }: CliContext): string {
	return writerName(hostHash(client.hostName()), client.pid, client.now().getTime());
}

/** A random word of eight bytes: which turn it is. */
const TOKEN_BYTES = 8;

/** This command, as it asks for its turn. */
export function holderOf({ client: { hostName, pid, random } }: CliContext): Holder {
	return { host: hostHash(hostName()), pid, token: bytesToHex(random(TOKEN_BYTES)) };
}
