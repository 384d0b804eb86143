/** Keys of a terminal, one at a time, and the terminal as it was on every way out. */
import { SIGNAL_EXIT_BASE } from "./exit-codes.js";

/** A character, or the name of a key that is none; `resize` where the terminal has another size now. */
export type Key = string;

const NAMED: Readonly<Record<string, Key>> = {
	"\x1b[A": "up",
	"\x1b[B": "down",
	"\x1b[C": "right",
	"\x1b[D": "left",
	"\x1bOA": "up",
	"\x1bOB": "down",
	"\x1b[5~": "page up",
	"\x1b[6~": "page down",
	"\x1b[H": "home",
	"\x1b[F": "end",
	"\x1b": "escape",
	"\r": "enter",
	"\n": "enter",
	"\x7f": "backspace",
	"\b": "backspace",
	"\x03": "interrupt",
	"\x04": "end of input",
	"\x1a": "suspend",
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys that are no letters begin with it
const KEY = /\u{1b}(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|./gsu;

/** The keys in what a terminal sent at once. Pure. */
export function keysIn(text: string): Key[] {
	return (text.match(KEY) ?? []).flatMap((each) => {
		const named = NAMED[each];
		if (named !== undefined) return [named];
		return each.startsWith("\x1b") || each < " " ? [] : [each];
	});
}

/** Signals that end the program, once the terminal is as it was. */
const ENDING: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Screen {
	/** Shows what is to be shown while keys are read. */
	enter: () => void;
	/** Makes the terminal what it was. */
	leave: () => void;
}

/** Reads keys until {@link Keyboard.close}. */
export class Keyboard {
	private readonly pressed: Key[] = [];
	private wake: (() => void) | null = null;
	private ended = false;
	private isOpen = false;

	constructor(private readonly screen: Screen) {}

	open(): void {
		process.stdin.setEncoding("utf8");
		process.stdin.on("data", this.onData);
		process.stdin.on("end", this.onEnd);
		process.stdout.on("resize", this.onResize);
		process.on("exit", this.restore);
		process.on("SIGCONT", this.onContinue);
		for (const signal of ENDING) process.on(signal, this.onSignal);
		this.begin();
	}

	/** The next key; null where none comes any more. */
	async next(): Promise<Key | null> {
		for (;;) {
			const key = this.pressed.shift();
			if (key === "suspend") this.suspend();
			else if (key !== undefined) return key;
			else if (this.ended) return null;
			else
				await new Promise<void>((resolve) => {
					this.wake = resolve;
				});
		}
	}

	close(): void {
		this.restore();
		process.stdin.off("data", this.onData);
		process.stdin.off("end", this.onEnd);
		process.stdout.off("resize", this.onResize);
		process.off("exit", this.restore);
		process.off("SIGCONT", this.onContinue);
		for (const signal of ENDING) process.off(signal, this.onSignal);
		process.stdin.pause();
	}

	private begin(): void {
		process.stdin.setRawMode(true);
		process.stdin.resume();
		this.isOpen = true;
		this.screen.enter();
	}

	private readonly restore = (): void => {
		if (!this.isOpen) return;
		this.isOpen = false;
		try {
			process.stdin.setRawMode(false);
			this.screen.leave();
		} catch {
			// The terminal is gone: there is nothing left to make as it was.
		}
	};

	/** As a shell's job: it goes on with SIGCONT. */
	private suspend(): void {
		this.restore();
		process.kill(process.pid, "SIGSTOP");
	}

	private readonly onContinue = (): void => {
		if (!this.isOpen) this.begin();
		this.press("resize");
	};

	private press(...keys: Key[]): void {
		this.pressed.push(...keys);
		this.wake?.();
		this.wake = null;
	}

	private readonly onData = (text: string): void => this.press(...keysIn(text));
	private readonly onResize = (): void => this.press("resize");
	private readonly onEnd = (): void => {
		this.ended = true;
		this.press();
	};

	private readonly onSignal = (_signal: NodeJS.Signals, number: number): void => {
		this.restore();
		process.exit(SIGNAL_EXIT_BASE + number);
	};
}
