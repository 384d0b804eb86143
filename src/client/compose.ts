/** From figures that may be kept to what is written: the report, its envelope, and its file's name. No I/O. */
import { noticeDigest } from "../consent/change.js";
import { FLAG_GRANT } from "../consent/decide.js";
import type { Grant } from "../consent/record.js";
import { buildReport } from "../report/build.js";
import { bytesToHex, REPORT_ID_RANDOM_BYTES, reportId } from "../report/ids.js";
import { MAX_REPORT_BYTES } from "../report/limits.js";
import type { Manifest } from "../report/manifest.js";
import { withoutFields } from "../report/optional-fields.js";
import { type OwnNames, ownNames } from "../report/scrub.js";
import { serialiseReport } from "../report/serialise.js";
import type { ReportInput } from "../report/types.js";
import type { Envelope } from "../spool/envelope.js";
import { hostHash, NAME_RANDOM_BYTES, type NameParts } from "../spool/layout.js";
import type { ClientContext } from "./context.js";
import type { RunIdentity } from "./run-identity.js";
import { surrounded } from "./surroundings.js";

/** What allows a report: the user's grant, or the run's own flag. */
export type By = Grant | typeof FLAG_GRANT;

export interface Composed {
	envelope: Envelope;
	name: NameParts;
	/** The report as it would travel. */
	text: string;
	/** Of the text, in UTF-8; no more than allowed where it can't be more. */
	bytes: number;
	/** What was given and left out. */
	stripped: readonly string[];
}

/** In UTF-8, of a UTF-16 code unit: what is short enough by this need not be counted. */
const MOST_BYTES_A_CHARACTER = 3;

function wrap(report: Envelope["report"], manifest: Manifest, by: By, key: string): Envelope {
	const { version } = manifest.notice;
	const notice = by === FLAG_GRANT ? { version, digest: noticeDigest(manifest) } : by.notice;
	const grant = by === FLAG_GRANT ? FLAG_GRANT : by.id;
	const hold = by !== FLAG_GRANT && by.review.approve ? "approve" : null;
	return { et: 1, endpoint: manifest.endpoint, notice, grant, hold, erase_key: key, report };
}

/** What the environment and the machine say of who and where this is. */
function namesIn(env: NodeJS.ProcessEnv, hostName: string): OwnNames {
	const userName = env["USER"] ?? env["LOGNAME"] ?? env["USERNAME"];
	return ownNames({ userName, home: env["HOME"] ?? env["USERPROFILE"], hostName });
}

/** @param without what its user, or the site's policy, leaves out: that is no mistake of the author's, and not said as one */
export function compose(
	given: ReportInput,
	manifest: Manifest,
	run: RunIdentity,
	by: By,
	without: readonly string[],
	context: Pick<ClientContext, "env" | "hostName" | "now" | "pid" | "random" | "readsLimits">,
): Composed {
	const now = context.now();
	const atMs = now.getTime();
	const random = context.random(REPORT_ID_RANDOM_BYTES + NAME_RANDOM_BYTES);
	const id = reportId(atMs, random);
	const hostName = context.hostName();
	const own = namesIn(context.env, hostName);
	const frame = { manifest, id, runId: run.runId, now, weight: run.weight, own };
	const built = buildReport(surrounded(given, without, context), frame);
	const report = withoutFields(built.report, without);
	const text = serialiseReport(report);
	return {
		envelope: wrap(report, manifest, by, run.eraseKey),
		name: {
			atMs,
			host: hostHash(hostName),
			pid: context.pid,
			runId: run.runId,
			random: bytesToHex(random.subarray(REPORT_ID_RANDOM_BYTES)),
		},
		text,
		bytes: text.length * MOST_BYTES_A_CHARACTER > MAX_REPORT_BYTES ? Buffer.byteLength(text) : text.length,
		stripped: built.stripped,
	};
}
