/** When a run that goes on says what is known of it. */

const FIRST_MS = 10_000;
const GROWTH = 2;
const MOST_MS = 5 * 60_000;

/** Loading `performance` costs a script 0.7 ms, this nothing. */
function monotonicMs(): number {
	const [seconds, nanoseconds] = process.hrtime();
	return seconds * 1e3 + nanoseconds / 1e6;
}

/**
 * Calls after 10 s, and then at intervals that double up to 5 minutes. A process is not kept alive for that.
 *
 * @param work gets by how many milliseconds it is late
 * @returns ends it
 */
export function everMoreSeldom(work: (lateMs: number) => void, firstMs = FIRST_MS): () => void {
	let timer: NodeJS.Timeout;
	const wait = (delayMs: number): void => {
		const dueMs = monotonicMs() + delayMs;
		timer = setTimeout(() => {
			wait(Math.min(GROWTH * delayMs, MOST_MS));
			work(monotonicMs() - dueMs);
		}, delayMs).unref();
	};
	wait(firstMs);
	return () => clearTimeout(timer);
}
