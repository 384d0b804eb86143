/**
 * Joins what tsc wrote into the files that the package ships for a script, for `et` and for `et-uploader`:
 *
 *     dist/src/index.js    -> dist/pkg/index.js         the client, and what few scripts load (SELDOM)
 *     dist/src/cli/main.js -> dist/pkg/et-run.js        `et run`
 *                             dist/pkg/et-all.js        the command line, one file
 *                             dist/pkg/et.js            starts one of the two
 *     dist/daemon/main.js  -> dist/pkg/et-uploader.js   the daemon; its packages stay outside
 *
 * A script pays for each file that it imports (about 0.4 ms for an ES module, 2.5 ms for lowdb's few), so the
 * client's dependencies are inlined; and `et` starts 2 to 4 ms sooner from one file than from chunks. What is inlined
 * is named here, and anything else fails the build: a bundle must not grow unseen. esbuild's own list of what it read
 * yields the licences, so that they cannot drift. A command that is run by `et run` waits for it to start: 10 ms less
 * with a file of its own, a fifth as long as all commands'. The client and `et run` alone are minified, which takes
 * 0.6 ms out of a script's time and 2 ms out of a command's; who wants to read what runs finds the sources, whole, in
 * the maps beside them; the others are readable as they are.
 */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loadWhenCalled, lookUpBuiltins } from "./startup.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = "dist/pkg";
const LICENSES = "THIRD-PARTY-LICENSES.txt";
const EXECUTABLE = 0o755;

const INLINED = ["lowdb"];
const NETWORK = /^(?:node:)?(?:dgram|dns|http|http2|https|inspector|net|tls)(?:\/|$)/;

/** Installed beside the uploader; it starts seldom, and npm can then mend each of them by itself. */
const UPLOADER_PACKAGES = ["commander", "ky", "node-cron", "p-retry", "pidusage", "proper-lockfile", "undici"];

/** Loaded by `et run` where there is no /proc. */
const CLI_PACKAGES = ["pidusage"];

/** What a script imports. */
const CLIENT = "index";
/** What a command waits for. */
const RUN = "et-run";
const MINIFIED = [CLIENT, RUN];

const LAUNCHER = `#!/usr/bin/env node
// A command waits for "et run" to start, which is sooner from a file of its own.
await import(process.argv[2] === "run" ? "./${RUN}.js" : "./et-all.js");
`;

/** An esbuild plugin that leaves all commands but `et run` out of the command line. */
const onlyRun = {
	name: "only-run",
	setup(build) {
		build.onLoad({ filter: /[\\/]dist[\\/]src[\\/]cli[\\/]commands[\\/]index\.js$/ }, () => ({
			contents: 'export const COMMANDS = { run: () => import("./run.js") };',
			loader: "js",
		}));
	},
};

const BUNDLES = [
	{ entry: "dist/src/index.js", name: CLIENT, external: [], network: false },
	{ entry: "dist/src/cli/main.js", name: "et-all", external: CLI_PACKAGES, network: false },
	{ entry: "dist/src/cli/main.js", name: RUN, external: CLI_PACKAGES, network: false },
	{ entry: "dist/daemon/main.js", name: "et-uploader", external: UPLOADER_PACKAGES, network: true },
];

/** What a report passes through from enqueue() to the disk. */
const HOT =
	/[\\/]dist[\\/]src[\\/](?:(?:report|consent|document)[\\/](?!manifest\.js)|spool[\\/](?:layout|put)\.js|host[\\/](?!resources)|client[\\/](?:afterwards|context|declared|enqueue|manifest-file)\.js)/;

/** A failure that says what to do; anything else that is thrown is a fault of this program. */
class BundleError extends Error {}

async function requireEntry(entry) {
	const found = await stat(join(ROOT, entry)).catch(() => undefined);
	if (found?.isFile()) return;
	const source = entry.replace(/^dist\//, "").replace(/\.js$/, ".ts");
	throw new BundleError(
		`${entry} is missing, so nothing was bundled: ${source} does not exist or did not compile. Run \`npm run build\`.`,
	);
}

const ourModules = (names) => new RegExp(`[\\\\/]dist[\\\\/]src[\\\\/](?:${names.join("|")})\\.js$`);

/** What a script reaches now and then, each in a file of its own beside the bundle: names of modules, without ending. */
const SELDOM = [
	// Once its report is safe, and where its notice is not the one agreed to.
	{
		file: "index-seldom.cjs",
		modules: ["client/upkeep", "client/detached", "client/unanswered"],
		knowsItsPlace: true,
	},
	// Where a run is measured, or a scheduler says that it is its job.
	{ file: "index-limits.cjs", modules: ["host/limits"], knowsItsPlace: false },
	// Where a run is begun, and not a single report kept.
	{ file: "index-run.cjs", modules: ["client/open-run", "client/endings"], knowsItsPlace: false },
	// Where a person is asked for consent.
	{ file: "index-ask.cjs", modules: ["client/ask-consent"], knowsItsPlace: false },
	// Where a script asks how big its inputs are.
	{ file: "index-sizes.cjs", modules: ["client/measured-size"], knowsItsPlace: false },
	// Where a text is more than plain words, or an exception's.
	{
		file: "index-texts.cjs",
		modules: ["report/scrub/rules", "report/traceback/parse", "report/traceback/thrown"],
		knowsItsPlace: false,
	},
];

/** What stands for `import.meta.url` in CommonJS. */
const PLACE = {
	define: { "import.meta.url": "moduleUrl" },
	banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
};

async function bundleSeldom({ file, modules, knowsItsPlace }) {
	const { metafile } = await build({
		absWorkingDir: ROOT,
		stdin: {
			contents: modules.map((name) => `export * from "./dist/src/${name}.js";`).join("\n"),
			resolveDir: ROOT,
		},
		outfile: join(OUT, file),
		bundle: true,
		format: "cjs",
		platform: "node",
		target: "node20.19",
		legalComments: "inline",
		metafile: true,
		logLevel: "warning",
		minify: true,
		...(knowsItsPlace ? PLACE : {}),
	});
	return { metafile, builtins: new Set() };
}

/** @returns esbuild's account of what it did, and the Node.js modules that the bundle looks up */
async function bundle({ entry, name, external, network }) {
	await requireEntry(entry);
	const builtins = new Set();
	const { metafile } = await build({
		absWorkingDir: ROOT,
		entryPoints: [{ in: entry, out: name }],
		outdir: OUT,
		bundle: true,
		external,
		format: "esm",
		platform: "node",
		target: "node20.19",
		// What `et run` has stands readable in et-all.js beside it, and its map would be an eighth of the package.
		sourcemap: name === CLIENT ? "linked" : false,
		legalComments: "inline",
		minify: MINIFIED.includes(name),
		metafile: true,
		logLevel: "warning",
		plugins: pluginsFor(name, network, builtins),
	});
	return { metafile, builtins };
}

/** The first plugin that knows a file decides about it. */
function pluginsFor(name, network, builtins) {
	if (network) return [];
	const isClient = name === CLIENT;
	const lookUp = lookUpBuiltins((builtin) => builtins.add(builtin), isClient ? HOT : undefined);
	const seldom = SELDOM.map(({ file, modules }) => loadWhenCalled(ourModules(modules), file));
	if (name === RUN) return [onlyRun, ...seldom, lookUp];
	return isClient ? [...seldom, lookUp] : [lookUp];
}

/** The folder of the npm package that a file belongs to, or undefined for a file of ours. */
function packageFolder(file) {
	return file.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

function packageName(folder) {
	return folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** Folders of the packages of which at least one byte is in the outputs. */
function inlinedPackages(metafile) {
	const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
	return [...new Set(files.map(packageFolder).filter((folder) => folder !== undefined))];
}

function checkInlined(metafile, entry) {
	const strangers = inlinedPackages(metafile)
		.map(packageName)
		.filter((name) => !INLINED.includes(name));
	if (strangers.length === 0) return;
	throw new BundleError(
		`${entry} reaches ${strangers.join(", ")}, which every script would then load. ` +
			"Import it elsewhere, or name it in tools/bundle.mjs with a measurement that bears it.",
	);
}

/** A script that uses ET opens no socket: the bundle cannot even load what would open one. */
function checkNetwork({ metafile, builtins }, entry) {
	const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
	const outside = imports.filter(({ external }) => external).map(({ path }) => path);
	const network = [...outside, ...builtins].filter((name) => NETWORK.test(name));
	if (network.length === 0) return;
	throw new BundleError(
		`${entry} reaches ${network.join(", ")}: only the uploader and the server may use the network.`,
	);
}

async function licenseOf(folder) {
	const files = await readdir(join(ROOT, folder));
	const license = files.find((file) => /^licen[cs]e(?:\.|$)/i.test(file));
	const { name, version } = JSON.parse(await readFile(join(ROOT, folder, "package.json"), "utf8"));
	if (license === undefined) throw new BundleError(`${name} is inlined, but its package holds no licence to ship.`);
	const text = await readFile(join(ROOT, folder, license), "utf8");
	return `${name} ${version}\n\n${text.trim()}\n`;
}

async function writeLicenses(metafiles) {
	const folders = [...new Set(metafiles.flatMap(inlinedPackages))].sort();
	const texts = await Promise.all(folders.map(licenseOf));
	const head = "The files beside this one contain parts of the following packages.\n";
	await writeFile(join(ROOT, OUT, LICENSES), [head, ...texts].join(`\n${"-".repeat(78)}\n\n`));
}

/** Removes what an earlier build left; files are replaced in place, so that a running `et` keeps its own. */
async function removeStale(metafiles) {
	const bundled = metafiles.flatMap(({ outputs }) => Object.keys(outputs).map((path) => basename(path)));
	const written = new Set([...bundled, "et.js", LICENSES]);
	const stale = (await readdir(join(ROOT, OUT))).filter((file) => !written.has(file));
	await Promise.all(stale.map((file) => rm(join(ROOT, OUT, file), { recursive: true })));
}

async function main() {
	await mkdir(join(ROOT, OUT), { recursive: true });
	const metafiles = [];
	for (const each of BUNDLES) {
		const bundled = await bundle(each);
		checkInlined(bundled.metafile, each.entry);
		if (!each.network) checkNetwork(bundled, each.entry);
		metafiles.push(bundled.metafile);
	}
	for (const each of SELDOM) {
		const seldom = await bundleSeldom(each);
		checkInlined(seldom.metafile, each.file);
		checkNetwork(seldom, each.file);
		metafiles.push(seldom.metafile);
	}
	await removeStale(metafiles);
	await writeLicenses(metafiles);
	await writeFile(join(ROOT, OUT, "et.js"), LAUNCHER);
	for (const name of ["et.js", "et-uploader.js"]) await chmod(join(ROOT, OUT, name), EXECUTABLE);
}

try {
	await main();
} catch (error) {
	if (!(error instanceof BundleError)) throw error;
	console.error(`bundle: ${error.message}`);
	process.exitCode = 1;
}
