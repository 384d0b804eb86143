/** How `et-server` and its commands end; docs/server.md explains each. */
export const EXIT = {
	done: 0,
	unexpected: 1,
	usage: 2,
	packagesMissing: 3,
	addressTaken: 4,
	store: 5,
	storeNewer: 6,
	tls: 7,
	refused: 8,
} as const;

/** A command that cannot do what it was asked to; the message says what it means and what to do. */
export class CommandError extends Error {
	readonly exitCode: number;

	constructor(exitCode: number, message: string) {
		super(message);
		this.exitCode = exitCode;
	}
}
