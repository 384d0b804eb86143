/**
 * What `et` ends with: a closed list, so that a script can tell one end from another. `et run` alone
 * ends with what its command ended with.
 */

export const EXIT_CODES = {
	/** Done. */
	ok: 0,
	/** It could not be done: the message says why. */
	failed: 1,
	/** The command line is wrong: nothing was done. */
	usage: 2,
	/** The user has not agreed, so nothing was kept. */
	notConsented: 3,
	/** The user has agreed, and yet the report could not be kept. */
	dropped: 4,
	/** There is no such report, or the id could mean several. */
	notFound: 5,
	/** `et run`: the command is there and can't be started, as in a shell. */
	notExecutable: 126,
	/** `et run`: there is no such command, as in a shell. */
	noCommand: 127,
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** Each code in words, for `--help`. */
export const EXIT_CODE_MEANINGS: Readonly<Record<ExitCode, string>> = {
	ok: "done",
	failed: "it could not be done; the message says why",
	usage: "the command line is wrong; nothing was done",
	notConsented: "the user has not agreed, so nothing was kept",
	dropped: "the user has agreed, and yet the report could not be kept",
	notFound: "no such report, or the id could mean several",
	notExecutable: "the command can't be started (as in a shell)",
	noCommand: "there is no such command (as in a shell)",
};

/** Death by a signal, as shells say it. */
export const SIGNAL_EXIT_BASE = 128;
