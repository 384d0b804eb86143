/** Every step from an empty database to today's. Append-only: a step that was released never changes. */
import { events } from "./001-events.js";

export interface Migration {
	/** The schema's version after this step: one more than the step before. */
	number: number;
	name: string;
	sqlite: string;
}

export const MIGRATIONS: readonly Migration[] = [events];

/** The version of the schema that this program writes and reads. */
export const SCHEMA_VERSION = MIGRATIONS.length;
