/**
 * Who may import whom. docs/architecture.md says the same in words, room by room.
 *
 * Each rule has a folder of its name under test/fixtures/imports/ that breaks it, and tools/check-imports.mjs
 * fails if these same rules do not catch it. Paths are relative to the folder that is checked. Imports of types
 * count: a room that knows another's types knows that room.
 */

/** What is shipped. Tests and tools may import everything. */
const SHIPPED = "^(src|daemon)/";
/** The rooms that run inside a user's script or shell: they have no network. */
const NO_NETWORK = "^src/(index\\.ts$|(document|report|host|consent|spool|client|cli)/)";
const NETWORK_MODULES = "^(node:)?(dgram|dns|http|http2|https|inspector|net|tls)(/|$)";

/** The one file that speaks to servers. */
const TRANSPORT = "^daemon/transport\\.ts$";

/** Files of packages; a package that is not installed is known by its bare name. */
const npm = (...names) => `(^|^node_modules/|/node_modules/)(${names.join("|")})(/|$)`;

/** A room imports itself, errors, and the rooms that are named; of ours, nothing else. */
function room(name, path, mayImport, comment) {
	const allowed = [path, "^src/errors\\.ts$", ...mayImport.map((other) => `^src/${other}/`)];
	return { name, comment, severity: "error", from: { path }, to: { path: SHIPPED, pathNot: allowed } };
}

/** A package is imported by one place only. */
function confined(name, packages, place, comment) {
	return {
		name,
		comment,
		severity: "error",
		from: { path: SHIPPED, pathNot: place },
		to: { path: npm(...packages) },
	};
}

const rooms = [
	{
		name: "errors-imports-nothing",
		comment: "errors is open to all, so it can rest on nothing of ours.",
		severity: "error",
		from: { path: "^src/errors\\.ts$" },
		to: { path: SHIPPED },
	},
	room(
		"document-imports-nothing-else",
		"^src/document/",
		[],
		"How a document is written does not depend on what it is.",
	),
	room("report-imports-nothing-else", "^src/report/", [], "What a report is depends on no way to keep or send it."),
	room("host-imports-nothing-else", "^src/host/", [], "What a machine tells depends on nobody who asks."),
	room(
		"consent-imports-report",
		"^src/consent/",
		["report", "document"],
		"Consent knows reports, not where they wait.",
	),
	room(
		"spool-imports-report",
		"^src/spool/",
		["report", "document"],
		"The spool keeps what it is given; others ask for consent.",
	),
	room(
		"client-imports-the-four",
		"^src/client/",
		["document", "report", "host", "consent", "spool"],
		"A script loads nothing of the command line, the uploader or the server.",
	),
	room(
		"cli-imports-client-and-the-four",
		"^src/cli/",
		["client", "document", "report", "host", "consent", "spool"],
		"The command line leaves work in the spool, or starts et-uploader; it never reaches into it.",
	),
	room(
		"daemon-imports-the-four",
		"^daemon/",
		["document", "report", "host", "consent", "spool"],
		"The uploader reads a spool, whoever wrote it; it never uses the client.",
	),
	room("server-imports-report", "^src/server/", ["report"], "A server knows the wire and nothing of a user's machine."),
	room(
		"index-imports-client-and-its-words",
		"^src/index\\.ts$",
		["client", "consent", "report"],
		"index.ts is the package's face to a script: what it re-exports, each script loads.",
	),
	{
		name: "shipped-code-imports-no-test",
		comment: "test/ and tools/ are not in the package.",
		severity: "error",
		from: { path: SHIPPED },
		to: { path: "^(test|tools)/" },
	},
];

const network = [
	{
		name: "no-network-in-the-client",
		comment: "A script that uses ET opens no socket. (The global fetch is forbidden in biome.json.)",
		severity: "error",
		from: { path: NO_NETWORK },
		to: { path: NETWORK_MODULES },
	},
	confined("ky-in-one-file", ["ky", "p-retry"], TRANSPORT, "One layer sends and retries, with every bound set."),
	confined("undici-in-the-uploader", ["undici"], "^daemon/", "Proxies are the uploader's business alone."),
];

const packages = [
	confined(
		"lowdb-where-documents-are",
		["lowdb"],
		"^src/(document|spool|consent)/",
		"Documents are the spool's and grants.",
	),
	confined(
		"sqlite-in-one-file",
		["better-sqlite3", "@types/better-sqlite3"],
		"^src/server/store/sqlite\\.ts$",
		"A database is known by its driver's file alone.",
	),
	confined(
		"postgres-in-one-file",
		["pg", "@types/pg"],
		"^src/server/store/postgres\\.ts$",
		"A database is known by its driver's file alone.",
	),
	{
		name: "server-packages-in-the-server",
		comment: "They are optional peers: a script's user does not have them.",
		severity: "error",
		from: { path: SHIPPED, pathNot: "^src/server/" },
		to: { dependencyTypes: ["npm-peer"] },
	},
	{
		name: "no-dev-package-in-shipped-code",
		comment: "A user does not have it.",
		severity: "error",
		from: { path: SHIPPED },
		to: {
			dependencyTypes: ["npm-dev"],
			dependencyTypesNot: ["npm-peer"],
			pathNot: [npm("@types/node")],
		},
	},
	{
		name: "no-undeclared-package",
		comment: "package.json does not name it; another package happens to bring it.",
		severity: "error",
		from: {},
		// Optional peers are reported as undeclared too, for the sake of their peerDependenciesMeta.
		to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["npm-peer"] },
	},
];

const hygiene = [
	{
		name: "no-circular",
		comment: "Two files that need each other are one file, or lack a third.",
		severity: "error",
		from: {},
		to: { circular: true },
	},
	{
		name: "no-orphan",
		comment: "Nothing imports it, and it imports nothing.",
		severity: "error",
		from: { path: SHIPPED, orphan: true },
		to: {},
	},
	{
		name: "no-unresolvable",
		comment: "There is no such file or package.",
		severity: "error",
		from: {},
		to: { couldNotResolve: true },
	},
];

module.exports = {
	forbidden: [...rooms, ...network, ...packages, ...hygiene],
	options: {
		doNotFollow: { path: "node_modules" },
		exclude: { path: "^(dist|coverage)/" },
		tsPreCompilationDeps: true,
		enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
	},
};
