/**
 * How this process ends, for the runs that are under way in it. A script must not notice: its exit code, what it
 * prints and the signal that it dies of stay as they would be, and so do the listeners that it has.
 *
 * A signal is listened to only while nobody else does, and only once the event loop has turned: a listener takes the
 * signal's default away, and a script that computes or waits without a turn of the loop would no longer die of Ctrl-C.
 * What such a script dies of is told by its marker (docs/lifecycle.md).
 */
import { everMoreSeldom } from "./ever-more-seldom.js";

/** A run under way. */
export interface EndingRun {
	/** @param thrown what nobody caught, or undefined */
	exits(code: number, thrown: unknown): void;
	/** The process is about to die of a signal. */
	dies(signal: NodeJS.Signals): void;
	/** Nothing has happened. */
	goesOn(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof SIGNALS)[number];

const isSignal = (type: unknown): type is Signal => SIGNALS.includes(type as Signal);

/** Each with what ends its timer. */
const runs = new Map<EndingRun, () => void>();
/** What was thrown and not caught last. */
let thrown: { error: unknown } | null = null;
/** Signals that this listens to. */
const listening = new Set<Signal>();
/** Signals that the script has once listened to: it decides about them by itself. */
const taken = new Set<Signal>();

function onExit(code: number): void {
	for (const run of runs.keys()) run.exits(code, code === 0 ? undefined : thrown?.error);
}

/** Called before Node.js prints the error, or the script's own listener gets it; changes neither. */
function onThrown(error: unknown): void {
	thrown = { error };
}

/** A signal that has not ended this process by then is one that the system does not let it die of. */
const DELIVERY_MS = 1000;

/** What Node.js does by itself where nothing listens: a terminal that the script had changed is put back. */
function restoreTerminal(): void {
	try {
		const { isatty } = process.getBuiltinModule("node:tty");
		if (isatty(0) && process.stdin.isRaw) process.stdin.setRawMode(false);
	} catch {
		// There is no terminal any more.
	}
}

function onSignal(signal: Signal): void {
	if (taken.has(signal)) return;
	for (const run of runs.keys()) run.dies(signal);
	runs.clear();
	leave();
	restoreTerminal();
	process.kill(process.pid, signal);
	// It may be delivered through another thread, a moment later.
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DELIVERY_MS);
}

/** The script listens to something itself. */
function onNewListener(type: string | symbol, listener: unknown): void {
	if (isSignal(type) && listener !== onSignal) {
		taken.add(type);
		// Not now: Node.js has just found that the signal is listened to, and would stop that.
		queueMicrotask(stopListening);
	}
	if (type === "exit" && listener !== onExit) makeRoom();
}

/** Whether the process may have a listener more than it would without us. */
let hasRoom = false;

/** One listener more than a process may have makes Node.js warn: that one must not be ours. */
function makeRoom(): void {
	const most = process.getMaxListeners();
	if (hasRoom || most === 0 || process.listenerCount("exit") !== most) return;
	hasRoom = true;
	process.setMaxListeners(most + 1);
}

function listenToSignals(): void {
	if (runs.size === 0) return;
	for (const signal of SIGNALS) {
		if (process.listenerCount(signal) > 0) taken.add(signal);
		if (taken.has(signal) || listening.has(signal)) continue;
		listening.add(signal);
		process.on(signal, onSignal);
	}
}

function listen(): void {
	thrown = null;
	makeRoom();
	process.on("exit", onExit);
	process.on("uncaughtExceptionMonitor", onThrown);
	process.on("newListener", onNewListener);
}

/** Gives signals back that the script has taken. */
function stopListening(): void {
	for (const signal of [...listening].filter((signal) => taken.has(signal))) {
		listening.delete(signal);
		process.off(signal, onSignal);
	}
}

/** The process is as it was before. */
function leave(): void {
	for (const signal of listening) process.off(signal, onSignal);
	listening.clear();
	process.off("newListener", onNewListener);
	process.off("uncaughtExceptionMonitor", onThrown);
	process.off("exit", onExit);
}

/** Gives signals back to the system for good: this script keeps the event loop from turning. */
function leaveSignals(): void {
	for (const signal of SIGNALS) taken.add(signal);
	stopListening();
}

/** A timer that is later than this was kept waiting by the script. */
const BLOCKED_MS = 1000;

/** Tells a run of this process's end, and that it goes on until then: first after so many milliseconds. */
export function watchEnding(run: EndingRun, firstMs?: number): void {
	if (runs.size === 0) listen();
	const goesOn = (lateMs: number): void => {
		if (lateMs > BLOCKED_MS) leaveSignals();
		run.goesOn();
	};
	runs.set(run, everMoreSeldom(goesOn, firstMs));
	setImmediate(listenToSignals).unref();
}

/** The run has ended by itself. */
export function unwatchEnding(run: EndingRun): void {
	runs.get(run)?.();
	if (runs.delete(run) && runs.size === 0) leave();
}
