/** What is asked of a server: a request that waits in the spool until it is answered. */
import { REPORT_ID_RANDOM_BYTES, reportId } from "../report/ids.js";
import type { SpoolFolders } from "../spool/layout.js";
import { keepRequest, type ServerRequest } from "../spool/requests.js";
import type { CliContext } from "./context.js";

type Asked = Pick<ServerRequest, "kind" | "endpoint" | "project" | "run_id" | "key" | "report_id" | "fields">;

/** Leaves a request for the uploader. @throws the system's error */
export function askServer({ client }: CliContext, folders: SpoolFolders, asked: Asked): void {
	const at = client.now();
	keepRequest(folders, {
		et: 1,
		id: reportId(at.getTime(), client.random(REPORT_ID_RANDOM_BYTES)),
		asked_at: at.toISOString(),
		...asked,
		answered_at: null,
		verdict: null,
		receipt: null,
		message: null,
	});
}
