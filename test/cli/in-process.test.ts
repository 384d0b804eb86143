/** What only a clock that stands still, or a crash at the right step, brings about: the commands, called in this process. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { run as runImport } from "../../src/cli/commands/import.js";
import type { CliContext } from "../../src/cli/context.js";
import { discard } from "../../src/cli/discard.js";
import { Output } from "../../src/cli/output.js";
import { systemContext } from "../../src/client/context.js";
import { exportText } from "../../src/spool/air-gap.js";
import { type LostDocument, lose, lostByReason } from "../../src/spool/lost.js";
import { makeFolders } from "../../src/spool/put.js";
import { waiting } from "../../src/spool/waiting.js";
import { type Home, temporaryHome } from "../helpers/home.js";
import { fillSpool, namesIn, testEnvelope } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const AT = new Date(Date.UTC(2026, 0, 1));

class Silence extends Output {
	override write(): void {}
}

/** A user's machine on which no time passes. */
function stillContext(home: Home): CliContext {
	const silence = new Silence(-1);
	return { client: { ...systemContext(home.env), now: () => AT, pid: 1 }, out: silence, err: silence };
}

function exportFile(t: ExecutionContext, exportId: string): { path: string; id: string } {
	const envelope = testEnvelope();
	const path = join(temporaryFolder(t), "export");
	writeFileSync(path, exportText(exportId, AT, [envelope]));
	return { path, id: envelope.report.id };
}

test("two imports in one moment by one process number keep the reports of both", (t) => {
	const home = temporaryHome(t);
	const files = [exportFile(t, "one"), exportFile(t, "two")];
	for (const { path } of files) t.is(runImport(stillContext(home), [path]), 0);
	const ids = [...waiting(home.spool)].map(({ envelope }) => envelope.report.id);
	t.deepEqual(ids.toSorted(), files.map(({ id }) => id).toSorted());
	t.is(namesIn(home.spool.segments).length, 2);
});

/** A drop that wrote down what goes, and died before it removed any of it. */
function halfDropped(home: Home): void {
	const names = namesIn(home.spool.new);
	const ids = [...waiting(home.spool)].map(({ envelope }) => envelope.report.id);
	const { project, endpoint } = home.manifest;
	const rest = { endpoint, grant: "flag", reason: "dropped_by_user", count: names.length, told: false } as const;
	const lost: LostDocument = { et: 1, id: "died", at: AT.toISOString(), project, ...rest, names, ids };
	lose(home.spool, { ...lost, names: [], ids: [] });
	const [name = ""] = namesIn(home.spool.lost);
	const path = join(home.spool.lost, name);
	writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), names, ids }));
}

test("what a drop that died has counted is not counted again by the next one", (t) => {
	const home = temporaryHome(t);
	makeFolders(home.spool);
	fillSpool(home.spool, 5, { manifest: home.manifest });
	halfDropped(home);
	fillSpool(home.spool, 2, { manifest: home.manifest });
	discard(stillContext(home), home.spool, () => true, "dropped_by_user");
	t.deepEqual([...waiting(home.spool)], []);
	t.is(lostByReason(home.spool).get(home.manifest.project)?.get("dropped_by_user"), 7);
});
