/** The pages' addresses. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { NAME_PATTERN, RUN_ID_PATTERN } from "../../report/limits.js";
import type { Reading, ReadingOf } from "../access/reading.js";
import { formKeyOf } from "../access/secrets.js";
import { visitorOf } from "../access/visitor.js";
import { MAX_PROJECTS_LISTED, type ServerConfig, STYLE_MAX_AGE_SECONDS } from "../config.js";
import { keptInWords } from "../privacy/retention.js";
import { neighbours, type RunsCursor, readCursor } from "../queries/cursor.js";
import { stitch } from "../queries/stitch.js";
import { layout, type Page, type Reader, refusalPage } from "./layout.js";
import { runPage } from "./run.js";
import { runsPage } from "./runs.js";
import { ICON, ICON_PATH, STYLE, STYLE_PATH } from "./style.js";

export interface PagesOptions {
	/** What whoever asks may read. */
	readingOf: ReadingOf;
	config: ServerConfig;
}

export const RUNS_PATH = "/";
export const RUN_PATH = "/runs/:project/:runId";

export function addPages(app: FastifyInstance, { readingOf, config }: PagesOptions): void {
	app.get<{ Querystring: Record<string, unknown> }>(RUNS_PATH, async (request, reply) => {
		const cursor = readCursor(request.query);
		if (cursor === undefined) {
			return sendPage(reply, 400, refusalPage("No such page", "The address asks for runs in a way that cannot be."));
		}
		const store = readingOf(request);
		if (cursor.project !== undefined && !(await store.hasProject(cursor.project))) {
			return sendPage(reply, 404, refusalPage("No such project", "No project of this name has sent a report."));
		}
		return sendPage(reply, 200, await showRuns(store, cursor, config.runsPerPage));
	});

	app.get<{ Params: { project: string; runId: string } }>(RUN_PATH, async (request, reply) => {
		const { project, runId } = request.params;
		const isName = NAME_PATTERN.test(project) && RUN_ID_PATTERN.test(runId);
		const run = isName ? stitch(await readingOf(request).runEvents(project, runId), Date.now()) : undefined;
		if (run === undefined) {
			return sendPage(reply, 404, refusalPage("No such run", "No report of this run has arrived here."));
		}
		return sendPage(reply, 200, runPage(run));
	});

	app.get(STYLE_PATH, async (_request, reply) => sendAsset(reply, "text/css; charset=utf-8", STYLE));
	app.get(ICON_PATH, async (_request, reply) => sendAsset(reply, "image/svg+xml", ICON));
}

async function showRuns(store: Reading, cursor: RunsCursor, limit: number): Promise<Page> {
	const [slice, projects, lost, [retention], hasTests] = await Promise.all([
		store.listRuns({ ...cursor, limit }),
		store.projects(MAX_PROJECTS_LISTED),
		cursor.project === undefined ? [] : store.lostTotals(cursor.project),
		cursor.project === undefined ? [] : store.retentions([cursor.project]),
		store.hasTests(cursor.project),
	]);
	const now = Date.now();
	return runsPage({
		runs: slice.runs.flatMap(({ events }) => stitch(events, now) ?? []),
		project: cursor.project,
		tests: cursor.tests === "only",
		hasTests,
		projects,
		lost,
		kept: retention && keptInWords(retention, now),
		...neighbours(cursor, slice),
		paged: cursor.from !== undefined,
	});
}

/** Sends a page; what it shows changes with every batch, so nobody keeps it. */
export function sendPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
	const document = layout(page, readerOf(reply.request));
	return reply.code(status).type("text/html; charset=utf-8").header("cache-control", "no-store").send(document);
}

function readerOf(request: FastifyRequest): Reader | undefined {
	const visitor = visitorOf(request);
	if (visitor.kind !== "administrator") return undefined;
	return { name: visitor.name, formKey: formKeyOf(visitor.secret) };
}

function sendAsset(reply: FastifyReply, type: string, content: string): FastifyReply {
	return reply.type(type).header("cache-control", `public, max-age=${STYLE_MAX_AGE_SECONDS}, immutable`).send(content);
}
