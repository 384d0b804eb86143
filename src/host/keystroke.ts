/**
 * One key of the person at the terminal, read at once and without an Enter. The terminal is opened anew for it, so that
 * whatever a script has set on its own standard input stays as it is.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";

const TERMINAL = "/dev/tty";
/** More than any key sends: an arrow sends three bytes, and all of them are one keystroke. */
const KEY_BYTES = 16;

/** What raw mode would keep from the script: the keys that signal, which then work as at any time. */
const SIGNAL_KEYS: Readonly<Record<number, NodeJS.Signals>> = { 3: "SIGINT", 26: "SIGTSTP", 28: "SIGQUIT" };

export type KeyReading =
	| { kind: "key"; key: string }
	/** Something was typed before the question could be read: it is no answer to it. */
	| { kind: "typed_ahead" }
	/** A key that signals (Ctrl-C), and that is still to be signalled. */
	| { kind: "signal"; signal: NodeJS.Signals }
	/** The terminal is gone. */
	| { kind: "hung_up" };

/** Whether something was typed already. What is found is taken away: one byte at most. */
function hasInput(): boolean {
	const impatient = openSync(TERMINAL, constants.O_RDONLY | constants.O_NONBLOCK);
	try {
		return readSync(impatient, Buffer.alloc(1)) > 0;
	} catch {
		return false;
	} finally {
		closeSync(impatient);
	}
}

function keyFrom(bytes: Buffer): KeyReading {
	const [first] = bytes;
	if (first === undefined) return { kind: "hung_up" };
	const signal = bytes.length === 1 ? SIGNAL_KEYS[first] : undefined;
	return signal === undefined ? { kind: "key", key: bytes.toString("utf8") } : { kind: "signal", signal };
}

function readKey(descriptor: number): KeyReading {
	const buffer = Buffer.alloc(KEY_BYTES);
	return keyFrom(buffer.subarray(0, readSync(descriptor, buffer)));
}

/**
 * Asks, and waits for one key. The terminal's mode is put back whatever happens.
 *
 * @param ask shows the question; called only where nothing was typed before
 * @throws the system's error where there is no terminal
 */
export function keystroke(ask: () => void): KeyReading {
	const { ReadStream } = process.getBuiltinModule("node:tty");
	const patient = openSync(TERMINAL, "r");
	try {
		// The runtime sets this one not to block, so that it is not the one to wait at.
		const terminal = new ReadStream(openSync(TERMINAL, "r+"));
		try {
			terminal.setRawMode(true);
			if (hasInput()) return { kind: "typed_ahead" };
			ask();
			return readKey(patient);
		} finally {
			terminal.setRawMode(false);
			terminal.destroy();
		}
	} finally {
		closeSync(patient);
	}
}

/** Signals what a key would have, to the whole group of processes as a terminal does. */
export function signalGroup(signal: NodeJS.Signals): void {
	process.kill(0, signal);
}
