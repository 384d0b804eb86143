/** Every step from an empty database to today's, in order. How to write one: migration.ts. */
import { events } from "./001-events.js";
import { erasures } from "./002-erasures.js";
import { marks } from "./003-marks.js";
import { registry } from "./010-registry.js";
import { tests } from "./020-tests.js";
import { access } from "./030-access.js";
import { addresses } from "./040-addresses.js";
import { retention } from "./041-retention.js";
import { projectErasures } from "./042-project-erasures.js";
import type { Migration } from "./migration.js";

export const MIGRATIONS: readonly Migration[] = [
	events,
	erasures,
	marks,
	registry,
	tests,
	access,
	addresses,
	retention,
	projectErasures,
];

/** The version of the schema that this program writes and reads. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)?.number ?? 0;
