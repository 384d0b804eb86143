/** Every step from an empty database to today's. Append-only: a step that was released never changes. */
import { events } from "./001-events.js";
import { erasures } from "./002-erasures.js";
import type { Migration } from "./migration.js";

export const MIGRATIONS: readonly Migration[] = [events, erasures];

/** The version of the schema that this program writes and reads. */
export const SCHEMA_VERSION = MIGRATIONS.length;
