/** https on the command line: the certificate and its key, what is said of them, and SIGHUP to read them again. */
import { type Command, InvalidArgumentError } from "commander";
import type { RunningServer } from "../serve.js";
import type { TlsFiles, TlsIdentity } from "../tls.js";
import { say } from "./say.js";

export interface TlsOptions {
	tlsCert?: string;
	tlsKey?: string;
}

export function addTlsOptions(command: Command): Command {
	return command
		.option("--tls-cert <file>", "certificate in PEM, to listen with https", toFile)
		.option("--tls-key <file>", "its private key in PEM", toFile);
}

/** The files that are named, or undefined for http. @throws CommanderError where only one is */
export function tlsFiles({ tlsCert: cert, tlsKey: key }: TlsOptions, command: Command): TlsFiles | undefined {
	if (cert !== undefined && key !== undefined) return { cert, key };
	if (cert === undefined && key === undefined) return undefined;
	return command.error("error: --tls-cert and --tls-key belong together: name both for https, or neither for http");
}

/** A certificate in a line. */
export function shownCertificate({ names, untilMs }: TlsIdentity): string {
	return `Certificate: for ${names}, until ${new Date(untilMs).toISOString()}`;
}

/**
 * A certificate is renewed every few weeks: SIGHUP has it read again, and no request is lost. Without one, SIGHUP ends
 * the process as it always does.
 */
export function renewAtHangUp(server: RunningServer): void {
	if (server.certificate === null) return;
	process.on("SIGHUP", () => {
		try {
			const renewed = server.renewCertificate();
			if (renewed !== null) say(shownCertificate(renewed));
		} catch (error) {
			server.log(
				`${error instanceof Error ? error.message : error} Clients are shown the certificate that was there before.`,
			);
		}
	});
}

function toFile(text: string): string {
	if (text !== "") return text;
	throw new InvalidArgumentError("It is the path of a file.");
}
