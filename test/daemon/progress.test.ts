/** The progress line: never wider than the terminal, and only where there is one. */
import test from "ava";
import fc from "fast-check";
import { POLICY } from "../../daemon/policy.js";
import { Progress, progressLine } from "../../daemon/progress.js";

const CLEAR = "\r\u001b[K";

test("at 80 columns the line shows a bar, counts and a percentage", (t) => {
	t.is(progressLine(25_000, 100_000, 80), `[${"#".repeat(10)}${"-".repeat(30)}] 25,000 of 100,000 reports (25 %)`);
	t.is(progressLine(0, 0, 80), `[${"#".repeat(40)}] 0 of 0 reports (100 %)`);
});

test("no line is as wide as the terminal, so that it never wraps", (t) => {
	const count = fc.integer({ min: 0, max: 1_000_000_000 });
	t.notThrows(() =>
		fc.assert(
			fc.property(count, count, fc.integer({ min: 1, max: 400 }), (a, b, columns) => {
				const line = progressLine(Math.min(a, b), Math.max(a, b), columns);
				return line.length < Math.max(columns, 1);
			}),
		),
	);
});

class Screen {
	text = "";
	constructor(
		readonly isTTY: boolean,
		readonly columns = 80,
	) {}
	write(text: string): void {
		this.text += text;
	}
}

function progressOn(screen: Screen): { progress: Progress; clock: { ms: number } } {
	const clock = { ms: 1000 };
	return { progress: new Progress(screen, POLICY, () => clock.ms), clock };
}

test("nothing is written where nobody looks", (t) => {
	const pipe = new Screen(false);
	const { progress } = progressOn(pipe);
	progress.update(500, 100_000);
	progress.clear();
	t.is(pipe.text, "");
});

test("nothing is written for a flush that is over soon", (t) => {
	const screen = new Screen(true, 80);
	progressOn(screen).progress.update(1, POLICY.progressFromReports - 1);
	t.is(screen.text, "");
});

test("the line is renewed now and then, not with every batch", (t) => {
	const screen = new Screen(true, 80);
	const { progress, clock } = progressOn(screen);
	progress.update(500, 5000);
	progress.update(1000, 5000);
	t.is(screen.text, CLEAR + progressLine(500, 5000, 80));
	clock.ms += POLICY.progressEveryMs;
	progress.update(1500, 5000);
	t.is(screen.text, CLEAR + progressLine(500, 5000, 80) + CLEAR + progressLine(1500, 5000, 80));
});

test("it makes room once, and only for a line that is there", (t) => {
	const screen = new Screen(true, 80);
	const { progress } = progressOn(screen);
	progress.clear();
	t.is(screen.text, "");
	progress.update(500, 5000);
	progress.clear();
	progress.clear();
	t.is(screen.text, CLEAR + progressLine(500, 5000, 80) + CLEAR);
});

test("a terminal whose width is 0, as that of a fresh pseudo-terminal, counts as 80 columns", (t) => {
	const screen = new Screen(true, 0);
	progressOn(screen).progress.update(500, 5000);
	t.is(screen.text, CLEAR + progressLine(500, 5000, 80));
});
