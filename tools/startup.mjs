/**
 * Three changes to what a script loads, each worth a measured part of what ET costs it (`npm run bench -- enqueue`).
 *
 * `import ... from "node:fs"` reads every export once, and with ReadStream's getter loads Node.js's streams, thirty
 * modules of its own: 2 ms. `process.getBuiltinModule("node:fs")` gives the same functions and reads none of them.
 *
 * V8 compiles a function when it is first called, having skimmed it before, unless it stands in parentheses: then it
 * is compiled with its file, and once. For what every report passes through, that takes 1 ms out of the first
 * enqueue(), which may stand in an exit handler, and adds 0.8 ms to the import.
 *
 * What few scripts ever reach stands in a file of its own, which is loaded when it is called: 0.9 ms. It is CommonJS,
 * since only that can be loaded in the middle of a synchronous call; and as all that it needs is Node.js's own, a few
 * lines load it.
 */
import { readFile } from "node:fs/promises";

/** As tsc writes it. */
const BUILTIN_IMPORT = /^import \{([^}]*)\} from "(node:[a-z_/]+)";$/gm;
const ANY_BUILTIN_IMPORT = /^import .* from "node:/m;

/**
 * An esbuild plugin that turns imports of Node.js's modules, in our own files, into look-ups.
 *
 * @param onBuiltin called with the name of each module that is found: esbuild does not see them any more
 * @param hot matches the paths of files whose functions are to be compiled with the file
 */
export function lookUpBuiltins(onBuiltin, hot) {
	return {
		name: "look-up-builtins",
		setup(build) {
			build.onLoad({ filter: /[\\/]dist[\\/]src[\\/].*\.js$/ }, async ({ path }) => {
				const text = await readFile(path, "utf8");
				const contents = text.replace(BUILTIN_IMPORT, (_, names, name) => {
					onBuiltin(name);
					return `const {${names.replaceAll(" as ", ": ")}} = process.getBuiltinModule("${name}");`;
				});
				if (ANY_BUILTIN_IMPORT.test(contents)) return { errors: [{ text: `${path}: import builtins by name` }] };
				return { contents: hot?.test(path) ? compiledWithFile(contents) : contents, loader: "js" };
			});
		},
	};
}

/**
 * What loads such a file, once a process, whichever of its functions is called first. Node.js's own require() takes
 * 1.1 ms more for the first file and 0.4 ms for each further look-up, since it looks for the file, its package and
 * its real path, all of which is known here.
 */
const LOADER = `
const { readFileSync } = process.getBuiltinModule("node:fs");
const loaded = new Map();
export function load(file) {
	let exported = loaded.get(file);
	if (exported === undefined) {
		const filename = import.meta.dirname + "/" + file;
		const { compileFunction } = process.getBuiltinModule("node:vm");
		const module = { exports: {} };
		const names = ["module", "exports", "require", "__filename"];
		const evaluate = compileFunction(readFileSync(filename, "utf8"), names, { filename });
		evaluate(module, module.exports, process.getBuiltinModule, filename);
		exported = module.exports;
		loaded.set(file, exported);
	}
	return exported;
}`;
const LOADER_NAME = "et:load";

/**
 * An esbuild plugin that leaves modules of ours out of a bundle, and has each of their functions load them when called.
 *
 * @param modules matches the modules' paths
 * @param file that they are in, beside the bundle
 */
export function loadWhenCalled(modules, file) {
	return {
		name: "load-when-called",
		setup(build) {
			build.onResolve({ filter: new RegExp(`^${LOADER_NAME}$`) }, () => ({ path: LOADER_NAME, namespace: "et" }));
			build.onLoad({ filter: /./, namespace: "et" }, () => ({ contents: LOADER, loader: "js" }));
			build.onLoad({ filter: modules }, async ({ path }) => {
				const names = [...(await readFile(path, "utf8")).matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
				const functions = names.map(
					(name) => `export function ${name}(...given) { return load("${file}").${name}(...given); }`,
				);
				return { contents: [`import { load } from "${LOADER_NAME}";`, ...functions].join("\n"), loader: "js" };
			});
		},
	};
}

/** As tsc writes them: what stands at the beginning of a line is of the file's own level. */
const FUNCTION_HEAD = /^(export )?((?:async )?function (\w+)\()/;
const FUNCTION_END = "}";

/** Puts a file's functions into parentheses. Lines stay lines, so that a source map still tells them. */
function compiledWithFile(text) {
	let inside = false;
	const lines = text.split("\n").map((line) => {
		if (inside && line === FUNCTION_END) {
			inside = false;
			return "});";
		}
		const [, exported = "", head, name] = line.match(FUNCTION_HEAD) ?? [];
		if (name === undefined || line.endsWith(FUNCTION_END)) return line;
		inside = true;
		return `${exported}var ${name} = (${head}${line.slice(exported.length + head.length)}`;
	});
	return lines.join("\n");
}
