/** Pieces that pages share: each takes a value and gives HTML. */

import {
	formatAmount,
	formatBytes,
	formatInstant,
	formatMinute,
	formatNumber,
	formatSeconds,
	isoInstant,
} from "../../report/format.js";
import type { WireInput } from "../../report/types.js";
import type { Run, RunStatus } from "../queries/stitch.js";
import { html } from "./html.js";

const STATUS_EXPLANATIONS = {
	running: "nothing has been heard of its end",
	overdue: "should have ended by now, and nothing has been heard of its end",
	ok: "ended well",
	failed: "ended with an error",
	killed: "was ended by a signal or by the system",
	vanished: "is gone without an end of its own",
	unknown: "ended, and its report does not say how",
} as const satisfies Record<RunStatus, string>;

/** What stands where a figure is not known: never 0. */
export const notKnown = html`<span class="none" title="not known"><span aria-hidden="true">–</span><span class="unseen">not known</span></span>`;

/** The value as `format` shows it, or the dash. */
export function known<T>(value: T | null, format: (value: T) => string): string {
	return value === null ? notKnown : format(value);
}

export function text(value: string | null): string {
	return known(value, (it) => html`${it}`);
}

export function number(value: number | null): string {
	return known(value, (it) => html`${formatNumber(it)}`);
}

/** Bytes for people, and exactly in the title. */
export function bytes(value: number | null): string {
	return known(value, (it) => html`<span title="${formatNumber(it)} bytes">${formatBytes(it)}</span>`);
}

/** Seconds for people, and exactly in the title. */
export function seconds(value: number | null): string {
	return known(value, (it) => html`<span title="${formatNumber(it)} s">${formatSeconds(it)}</span>`);
}

/** A size in its unit for people, and exactly in the title. */
export function amount({ size, unit }: Pick<WireInput, "size" | "unit">): string {
	return known(size, (it) => html`<span title="${formatNumber(it)} ${unit}">${formatAmount(it, unit)}</span>`);
}

/** An instant to the minute, and exactly in the title. */
export function minute(ms: number): string {
	return html`<time datetime="${isoInstant(ms)}" title="${formatInstant(ms)} UTC">${formatMinute(ms)}</time>`;
}

export function instant(ms: number): string {
	return html`<time datetime="${isoInstant(ms)}">${formatInstant(ms)}</time>`;
}

export function status(run: Run): string {
	return html`<span class="status status-${run.status}" title="${STATUS_EXPLANATIONS[run.status]}">${run.status}</span>`;
}

export function testBadge(run: Run): string {
	return run.test
		? html` <span class="badge" title="a run of the author's own, kept apart from users' runs">test</span>`
		: "";
}

/** `galaxy`, or `galaxy › slurm` where one works inside the other. */
export function platform(run: Run): string {
	const names = [run.platform, run.platformInner].filter((name) => name !== null);
	return names.length === 0 ? notKnown : html`${names.join(" › ")}`;
}

/** CPU seconds in user and kernel mode together; null when either is not known. */
export function cpuSeconds(run: Run): number | null {
	const { cpu_user_s: user, cpu_system_s: system } = run.figures;
	return user === null || system === null ? null : user.value + system.value;
}

export function runHref(run: Run): string {
	return `/runs/${encodeURIComponent(run.project)}/${run.runId}`;
}

export function privacyHref(project: string): string {
	return `/projects/${encodeURIComponent(project)}/privacy`;
}

/** The same for programs. */
export function privacyDataHref(project: string): string {
	return `/v1${privacyHref(project)}`;
}

export function projectHref(project: string): string {
	return `/?project=${encodeURIComponent(project)}`;
}
