/**
 * The public client API. Re-exports only; what is not here (the spool, consent, the uploader) is
 * withheld on purpose: its interface is the spool's format and the command line.
 */
export { askConsent } from "./client/ask.js";
export type { AskConsentOptions, AskConsentResult, NotAsked } from "./client/ask-consent.js";
export { type EnqueueOptions, enqueue } from "./client/enqueue.js";
export { countInput, inputSize } from "./client/input-size.js";
export { loadManifest, type ManifestSource } from "./client/manifest-file.js";
export type { InputFile, InputSize, InputUnit } from "./client/measured-size.js";
export type { Dropped, DropReason, EnqueueResult, NotConsented, Queued } from "./client/result.js";
export { Run, type RunFigures, type RunOptions, startRun } from "./client/run.js";
export type { Refusal } from "./consent/decide.js";
export { type ErrorCode, EtError } from "./errors.js";
export type { AddressPolicy, DataType, Manifest, Notice } from "./report/manifest.js";
export type {
	ExceptionInput,
	InputSizes,
	Measure,
	MeasuredSize,
	Outcome,
	Platform,
	ReportEvent,
	ReportInput,
} from "./report/types.js";
