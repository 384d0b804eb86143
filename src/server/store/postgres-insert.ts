/**
 * A batch into PostgreSQL: each statement takes all its rows at once, as one array a column, and writes them in the
 * order of their keys, so that two batches which have reports in common never wait for each other in a circle.
 */
import type { EventRecord, LostRecord } from "./types.js";

/**
 * Places are given in the order of the batch; rows are written in the order of their keys. Of a report that is there
 * twice in one batch, the first is stored. One verdict a row, in the order of the batch.
 */
export const ADD_EVENTS = `WITH given AS MATERIALIZED (
	SELECT nextval('events_seq_seq') AS seq, g.*
	FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
		$8::text[], $9::text[], $10::text[], $11::smallint[], $12::float8[], $13::text[], $14::text[], $15::text[])
		WITH ORDINALITY AS g (project, run_id, id, event, received_at, occurred_at, occurred_at_client,
			command, version, outcome, test, wall_s, report, address, source, place)
), policy AS MATERIALIZED (
	SELECT EXISTS (SELECT 1 FROM address_policy WHERE epoch = $16::bigint) AS is_known
), placed AS MATERIALIZED (
	SELECT given.*, projects.id AS project_id,
		EXISTS (SELECT 1 FROM tombstones WHERE tombstones.run_id = given.run_id)
			OR EXISTS (SELECT 1 FROM project_erasures erased
				WHERE erased.project = given.project COLLATE "C" AND erased.erased_at >= given.occurred_at)
			OR EXISTS (SELECT 1 FROM erased_runs erased
				WHERE erased.project = given.project COLLATE "C" AND erased.run_id = given.run_id) AS is_erased
	FROM given LEFT JOIN projects ON projects.name = given.project COLLATE "C"
), added AS (
	INSERT INTO events (seq, project_id, run_id, id, event, received_at, occurred_at, occurred_at_client,
		command, version, outcome, test, wall_s, report, address, source)
	SELECT seq, project_id, run_id, id, event, received_at, occurred_at, occurred_at_client,
		command, version, outcome, test, wall_s, report,
		CASE WHEN is_known THEN address END, CASE WHEN is_known THEN source END
	FROM placed, policy WHERE project_id IS NOT NULL AND NOT is_erased
	ORDER BY id, project_id, place
	ON CONFLICT DO NOTHING RETURNING seq
)
SELECT CASE
	WHEN is_erased THEN 'erased'
	WHEN project_id IS NULL THEN 'homeless'
	WHEN added.seq IS NULL THEN 'duplicate'
	ELSE 'accepted' END AS verdict
FROM placed LEFT JOIN added USING (seq) ORDER BY place`;

export function eventColumns(events: readonly EventRecord[], addressEpoch: number | undefined): unknown[] {
	return [
		events.map(({ project }) => project),
		events.map(({ runId }) => Buffer.from(runId, "hex")),
		events.map(({ id }) => Buffer.from(id.replaceAll("-", ""), "hex")),
		events.map(({ event }) => event),
		events.map(({ receivedAt }) => receivedAt),
		events.map(({ occurredAt }) => occurredAt),
		events.map(({ occurredAtClient }) => occurredAtClient),
		events.map(({ command }) => command),
		events.map(({ version }) => version),
		events.map(({ outcome }) => outcome),
		events.map(({ test }) => (test ? 1 : 0)),
		events.map(({ wallSeconds }) => wallSeconds),
		events.map(({ report }) => report),
		events.map(({ address }) => address),
		events.map(({ source }) => source),
		addressEpoch ?? null,
	];
}

/** Projects that are not there yet, but not for the sake of erased runs. */
export const ADD_PROJECTS = `INSERT INTO projects (name)
	SELECT DISTINCT name FROM (
		SELECT g.project COLLATE "C" AS name FROM unnest($1::text[], $2::bytea[]) AS g (project, run_id)
		WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstones.run_id = g.run_id)
		UNION ALL SELECT project COLLATE "C" FROM unnest($3::text[]) AS project
	) AS named
	WHERE NOT EXISTS (SELECT 1 FROM projects WHERE projects.name = named.name)
	ORDER BY name
	ON CONFLICT DO NOTHING`;

export function projectColumns(events: readonly EventRecord[], lost: readonly LostRecord[]): unknown[] {
	return [
		events.map(({ project }) => project),
		events.map(({ runId }) => Buffer.from(runId, "hex")),
		lost.map(({ project }) => project),
	];
}

/** Counts of dropped reports; gives for how many of them there is a project. */
export const ADD_LOST = `WITH placed AS MATERIALIZED (
	SELECT projects.id AS project_id, g.id, reason, count, received_at
	FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
		AS g (project, id, reason, count, received_at)
	JOIN projects ON projects.name = g.project COLLATE "C"
), added AS (
	INSERT INTO lost (project_id, id, reason, count, received_at)
	SELECT * FROM placed ORDER BY project_id, id
	ON CONFLICT DO NOTHING
)
SELECT count(*) AS places FROM placed`;

export function lostColumns(lost: readonly LostRecord[]): unknown[] {
	return [
		lost.map(({ project }) => project),
		lost.map(({ id }) => id),
		lost.map(({ reason }) => reason),
		lost.map(({ count }) => count),
		lost.map(({ receivedAt }) => receivedAt),
	];
}
