/** All that ET has of a user on this machine: found by name, never through a symbolic link, never beyond its own folders. */
import { type Dirent, lstatSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemErrorCode } from "../errors.js";
import type { Directories } from "../host/directories.js";
import { spoolFolders } from "../spool/layout.js";

/** One place, and what is in it. */
export interface Belonging {
	path: string;
	/** Paths of the files that are ET's. */
	files: string[];
	bytes: number;
}

export interface Belongings {
	spool: Belonging;
	consent: Belonging;
	/** Files that start the uploader by themselves. */
	services: Belonging;
	/** What stands in ET's folders and is not its own. */
	strangers: string[];
	/** Folders of ET's, the innermost first. */
	folders: string[];
}

/** What ET calls its files. */
const OWN_NAME =
	/\.(?:json|jsonl|seg|folding|damaged|rejected|tmp|html|empty|too_large|not_json|not_an_envelope|not_a_marker|report_too_large|not_a_file)$|^keeper$|^detached-\d+$/;
/** NFS's names for what is open and removed: they go by themselves. */
const NFS_NAME = /^\.nfs/;

function itemsOf(folder: string): Dirent[] {
	try {
		return readdirSync(folder, { withFileTypes: true });
	} catch {
		return [];
	}
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

class Search {
	readonly strangers: string[] = [];
	readonly folders: string[] = [];

	/**
	 * A folder whose files are ET's by their names, or a file in its place.
	 *
	 * @param within names of folders in it that are ET's, too
	 */
	own(folder: string, belonging: Belonging, within: readonly string[] = []): void {
		if (!isFolder(folder)) {
			const stat = lstatSync(folder, { throwIfNoEntry: false });
			if (stat?.isFile() === true) this.take(folder, belonging);
			else if (stat !== undefined) this.strangers.push(folder);
			return;
		}
		this.folders.unshift(folder);
		for (const item of itemsOf(folder)) {
			const path = join(folder, item.name);
			if (within.includes(item.name)) this.own(path, belonging);
			else if (!item.isDirectory() && OWN_NAME.test(item.name) && !NFS_NAME.test(item.name)) this.take(path, belonging);
			else this.strangers.push(path);
		}
	}

	take(path: string, belonging: Belonging): void {
		belonging.files.push(path);
		belonging.bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
	}
}

const nothingAt = (path: string): Belonging => ({ path, files: [], bytes: 0 });

function searchSpool(search: Search, root: string): Belonging {
	const found = nothingAt(root);
	if (!isFolder(root)) {
		if (lstatSync(root, { throwIfNoEntry: false }) !== undefined) search.strangers.push(root);
		return found;
	}
	search.folders.unshift(root);
	const { root: _root, state, lease, ...parts } = spoolFolders(root);
	const names = new Map(Object.values(parts).map((path) => [basename(path), path]));
	for (const { name } of itemsOf(root)) {
		const path = join(root, name);
		const part = names.get(name);
		if (path === lease) continue;
		if (path === state) search.take(path, found);
		else if (part === undefined) search.strangers.push(path);
		else search.own(part, found);
	}
	return found;
}

/** Where docs/uploader.md has a service put, below the home folder. */
const SERVICES = [
	".config/systemd/user/et-uploader.service",
	".config/systemd/user/default.target.wants/et-uploader.service",
	"Library/LaunchAgents/org.et-phone-home.uploader.plist",
];

function searchServices(home: string): Belonging {
	const found = nothingAt(home);
	for (const service of SERVICES) {
		const path = join(home, service);
		const stat = lstatSync(path, { throwIfNoEntry: false });
		const isOurs = stat?.isSymbolicLink() === true || (stat?.isFile() === true && speaksOfUs(path));
		if (isOurs) found.files.push(path);
		if (isOurs) found.bytes += stat?.size ?? 0;
	}
	return found;
}

function speaksOfUs(path: string): boolean {
	try {
		return readFileSync(path, "utf8").includes("et-uploader");
	} catch {
		return false;
	}
}

/** Beside the decisions: what was asked and not decided. */
const CONSENT_FOLDERS = ["asked"];

/** @param home null where there is none */
export function findBelongings({ spool, consent }: Directories, home: string | null): Belongings {
	const search = new Search();
	const config = dirname(consent);
	for (const folder of [dirname(spool), config].filter((path) => basename(path) === "et" || path === config)) {
		if (isFolder(folder)) search.folders.push(folder);
	}
	const consentFound = nothingAt(consent);
	search.own(consent, consentFound, CONSENT_FOLDERS);
	return {
		spool: searchSpool(search, spool),
		consent: consentFound,
		services: home === null ? nothingAt("") : searchServices(home),
		strangers: search.strangers,
		folders: search.folders,
	};
}

function removeFile(path: string): void {
	try {
		unlinkSync(path);
	} catch (error) {
		if (systemErrorCode(error) !== "ENOENT") throw error;
	}
}

/** What a folder answers that is gone, or that holds what is not ET's. */
const STAYS: readonly unknown[] = ["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY", "EPERM", "EACCES"];

/**
 * Removes files, and then the folders that are empty. Decisions go first, so that no script records anything more.
 *
 * @throws the system's error; what is left is found again
 */
export function removeBelongings({ spool, consent, services, folders }: Belongings): void {
	for (const { files } of [consent, spool, services]) for (const path of files) removeFile(path);
	for (const folder of folders) {
		try {
			rmdirSync(folder);
		} catch (error) {
			if (!STAYS.includes(systemErrorCode(error))) throw error;
		}
	}
}
