/** The clients in their languages, each with the script by which the contract tries it. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { type ChildOptions, type ChildResult, runProgram } from "./child.js";
import type { Home } from "./home.js";
import { moduleUrl } from "./modules.js";

const FIXTURES = fileURLToPath(new URL("../../../test/fixtures/clients/", import.meta.url));
const CLIENTS = fileURLToPath(new URL("../../../docs/clients/", import.meta.url));

/** `killed`: at once, so that nothing can be said. */
export type Ending = "ok" | "exit3" | "exception" | "signal" | "killed";

export interface Language {
	name: string;
	/** What runs a script; the script's path and its words follow. */
	program: readonly string[];
	script: string;
	/** The file of docs/clients/ that is shipped beside the script. */
	client: string | null;
	/** What a script ends with that fails by itself. */
	exceptionCode: number;
	/** What the client says of such an end; null where its language has no word for it. */
	exceptionType: string | null;
	/** Null where the language measures no peak of memory. */
	measuresMemory: boolean;
	/** A program that keeps one report of a run, as the variables MANIFEST, FLAG, COMMAND and NOTE say. */
	enqueues: readonly string[];
	/** False where a signal ends a script before it can say so: the run's marker is left, and no end. */
	tellsSignals: boolean;
	isHere: boolean;
}

function isHere(program: string, ...args: string[]): boolean {
	return spawnSync(program, args).status === 0;
}

const NODE: Language = {
	name: "TypeScript",
	program: [process.execPath],
	script: "script.mjs",
	client: null,
	enqueues: [
		process.execPath,
		"--input-type=module",
		"-e",
		`const { CLIENT_MODULE, MANIFEST, FLAG, COMMAND, NOTE } = process.env;
		const { enqueue } = await import(CLIENT_MODULE);
		enqueue({ command: COMMAND, data: { note: NOTE ?? "" } }, { manifest: MANIFEST, phoneHome: FLAG === "1" });`,
	],
	exceptionCode: 1,
	exceptionType: "ValueError",
	measuresMemory: true,
	tellsSignals: true,
	isHere: true,
};

const PYTHON: Language = {
	name: "Python",
	program: ["python3", "-B"],
	script: "script.py",
	client: "et.py",
	enqueues: [
		"python3",
		"-B",
		"-c",
		`import os, et
given = os.environ.get
et.enqueue(given("MANIFEST"), given("FLAG") == "1", command=given("COMMAND"), data={"note": given("NOTE", "")})`,
	],
	exceptionCode: 1,
	exceptionType: "ValueError",
	measuresMemory: true,
	tellsSignals: true,
	isHere: isHere("python3", "--version"),
};

/** As et.sh is called by itself; $0 is the shell. */
const SHELL_ENQUEUES = `$0 "$CLIENTS/et.sh" enqueue "$MANIFEST" \${FLAG:+--phone-home} \
	\${COMMAND+--command "$COMMAND"} --data "note=\${NOTE-}"`;

/** A shell knows the largest memory of none of its children. */
const SHELL = {
	script: "script.sh",
	client: "et.sh",
	exceptionCode: 1,
	measuresMemory: false,
	tellsSignals: true,
} as const;

const SH: Language = {
	...SHELL,
	name: "sh",
	program: ["sh"],
	enqueues: ["sh", "-c", SHELL_ENQUEUES, "sh"],
	exceptionType: null,
	isHere: isHere("sh", "-c", ":"),
};

const BASH: Language = {
	...SHELL,
	name: "bash",
	program: ["bash"],
	enqueues: ["bash", "--norc", "-c", SHELL_ENQUEUES, "bash"],
	exceptionType: "CommandFailed",
	isHere: isHere("bash", "-c", ":"),
};

const PERL: Language = {
	name: "Perl",
	program: ["perl"],
	script: "script.pl",
	client: "ET.pm",
	enqueues: [
		"perl",
		"-e",
		`use lib $ENV{CLIENTS};
		require ET;
		my @what = (command => $ENV{COMMAND}, data => { note => defined $ENV{NOTE} ? $ENV{NOTE} : '' });
		ET::enqueue(manifest => $ENV{MANIFEST}, phone_home => $ENV{FLAG}, @what);`,
	],
	exceptionCode: 255,
	exceptionType: "ValueError",
	measuresMemory: true,
	tellsSignals: true,
	isHere: isHere("perl", "-v"),
};

const R: Language = {
	name: "R",
	program: ["Rscript", "--vanilla"],
	script: "script.R",
	client: "et.R",
	enqueues: [
		"Rscript",
		"--vanilla",
		"-e",
		[
			'source(file.path(Sys.getenv("CLIENTS"), "et.R"))',
			'command <- Sys.getenv("COMMAND", unset = NA)',
			"if (is.na(command)) command <- NULL",
			'note <- list(note = Sys.getenv("NOTE"))',
			'et$enqueue(Sys.getenv("MANIFEST"), Sys.getenv("FLAG") == "1", command = command, data = note)',
		].join("; "),
	],
	exceptionCode: 1,
	exceptionType: "ValueError",
	measuresMemory: true,
	tellsSignals: false,
	isHere: isHere("Rscript", "--version"),
};

export const LANGUAGES: readonly Language[] = [NODE, PYTHON, SH, BASH, PERL, R];

export interface Call {
	ending?: Ending;
	/** Text; a script takes it for a number where it looks like one. */
	duplexes?: string;
	note?: string;
	phoneHome?: boolean;
	manifest?: string;
	env?: NodeJS.ProcessEnv;
	/** What starts the program, such as a shell that sets a umask. @defaultValue nothing */
	before?: readonly string[];
}

/** Lays the script and its client beside each other, as an author ships them. @returns the script's path */
function ship({ script, client }: Language, home: Home): string {
	const folder = join(home.folder, "..", "program");
	if (existsSync(folder)) return join(folder, script);
	mkdirSync(folder);
	copyFileSync(join(FIXTURES, script), join(folder, script));
	if (client !== null) copyFileSync(join(CLIENTS, client), join(folder, client));
	return join(folder, script);
}

/** Runs the language's script at a home. */
export function call(t: ExecutionContext, language: Language, home: Home, options: Call = {}): Promise<ChildResult> {
	const { ending = "ok", duplexes = "12", note = "fine", phoneHome = false, env, before = [] } = options;
	const words = [options.manifest ?? home.manifestPath, ending, duplexes, note, ...(phoneHome ? ["--phone-home"] : [])];
	const [program = "", ...args] = [...before, ...language.program, ship(language, home), ...words];
	const module = { CLIENT_MODULE: moduleUrl("src/index.js") };
	return runProgram(t, program, args, { env: { ...home.env, ...module, ...env } });
}

/** Keeps one report by the language's client, in an environment of which nothing but PATH is this process's. */
export function enqueueBy(
	t: ExecutionContext,
	{ enqueues }: Language,
	{ manifestPath, env: { PATH, ET_SPOOL, ET_CONFIG } }: Home,
	{ env = {}, cwd, before = [] }: ChildOptions & Pick<Call, "before">,
): Promise<ChildResult> {
	const [program = "", ...args] = [...before, ...enqueues];
	const clients = { CLIENTS, PYTHONPATH: CLIENTS, CLIENT_MODULE: moduleUrl("src/index.js"), MANIFEST: manifestPath };
	return runProgram(t, program, args, { env: { ...env, PATH, ET_SPOOL, ET_CONFIG, ...clients }, ...(cwd && { cwd }) });
}
