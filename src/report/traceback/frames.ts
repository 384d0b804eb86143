/** What all languages' tracebacks have in common: places in files, some of them the project's own. */
import { baseName } from "../plain.js";

export interface Place {
	/** As the interpreter printed it, folders and all; null where it says none. */
	path: string | null;
	line: number | null;
	function: string | null;
}

/** What a traceback says: innermost place first, in one list for each exception, the one that ended the run first. */
export interface Trace {
	type: string;
	places: Place[][];
}

/** Folders of a language and of what was installed for it. */
const LIBRARY =
	/(?:^|[/\\])(?:node_modules|site-packages|dist-packages|site_perl|vendor_perl|perl5|R[/\\](?:[^/\\]+[/\\]){0,2}library|lib(?:64)?[/\\](?:python[\d.]*|R|perl)|Lib[/\\](?!.*site-packages)|perl-base|usr[/\\](?:lib|lib64|share|include)|\.egg|lib\.zip)(?=[/\\])|^node:|^internal[/\\]|[/\\]Python\d+[/\\]Lib[/\\]|\.framework[/\\]/;
/** Code that stands in no file of anybody's. */
const NO_FILE =
	/^(?:<frozen .*|<__array_function__ .*|<decorator-gen.*|<attrs generated.*|\(eval.*|native|<anonymous>|wasm:.*|webpack.*)$/;
/** Where what was installed is named by its first folder. */
const INSTALLED = /(?:node_modules|site-packages|dist-packages|library)[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)(?=[/\\])/g;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_.]/g, "");

/** Whether the project itself was installed there: its files are its own wherever they stand. */
function isInstalledProject(path: string, project: string | undefined): boolean {
	if (project === undefined) return false;
	const folder = [...path.matchAll(INSTALLED)].at(-1)?.[1];
	return folder !== undefined && plain(folder) === plain(project);
}

/** @param project the project's name, which its folder has where it was installed */
function isOwn({ path }: Place, project: string | undefined): boolean {
	if (path === null) return true;
	if (NO_FILE.test(path)) return false;
	return !LIBRARY.test(path) || isInstalledProject(path, project);
}

/** The project's own frames of the exception that ended the run, or of the nearest cause that has any. */
export function ownFrames({ places }: Trace, project: string | undefined) {
	const own = places.map((each) => each.filter((place) => isOwn(place, project)));
	const found = own.find((each) => each.length > 0) ?? [];
	return found.map(({ path, line, function: name }) => ({
		file: path === null ? "" : baseName(path),
		line,
		function: name,
	}));
}
