/** How a command line is read. */
import test from "ava";
import { asksForHelp, type CommandSpec, parseCommandLine, splitAtCommand } from "../../src/cli/command.js";
import { nearest } from "../../src/cli/suggest.js";

const options = {
	file: { value: "FILE", short: "f", help: "" },
	input: { value: "I", multiple: true, help: "" },
	yes: { short: "y", help: "" },
} as const;
const SPEC = {
	name: "try",
	summary: "",
	usage: [],
	details: [],
	options,
	examples: [],
	exitCodes: [],
} as const satisfies CommandSpec<typeof options>;
const parse = (...argv: string[]) => parseCommandLine(SPEC, argv);

test("options, switches and words, in any order", (t) => {
	t.deepEqual(parse("a", "--file", "x", "-y", "--input=1", "--input", "2", "b"), {
		options: { file: "x", input: ["1", "2"], yes: true },
		positionals: ["a", "b"],
	});
	t.deepEqual(parse(), { options: { file: undefined, input: [], yes: false }, positionals: [] });
	t.deepEqual(parse("-f", "x", "--", "--file").positionals, ["--file"]);
	t.is(parse("--file", "-1").options.file, "-1");
	t.is(parse("--file=--x").options.file, "--x");
	t.is(parse("--file", "a", "--file", "b").options.file, "b");
});

test("mistakes are named, with what may have been meant", (t) => {
	const mistake = (...argv: string[]) => t.throws(() => parse(...argv), { code: "ET_USAGE" })?.message ?? "";
	t.regex(
		mistake("--flie", "x"),
		/^There is no option --flie: did you mean --file\? Nothing was done\. See: et try --help$/,
	);
	t.regex(mistake("--constructor"), /^There is no option --constructor\. /);
	t.regex(mistake("-z"), /^There is no option -z\. /);
	t.regex(mistake("--file"), /^The option --file needs a value: --file FILE\. /);
	t.regex(mistake("--file", "--yes"), /needs a value/);
	t.regex(mistake("--yes=no"), /^The option --yes takes no value\. /);
});

test("help may be asked for anywhere before --", (t) => {
	t.true(asksForHelp(SPEC, ["a", "--help"]));
	t.true(asksForHelp(SPEC, ["-h"]));
	t.false(asksForHelp(SPEC, ["--", "--help"]));
	t.false(asksForHelp(SPEC, ["--file", "--help"]));
	t.false(asksForHelp({ ...SPEC, takesCommand: true }, ["gzip", "--help"]));
	t.true(asksForHelp({ ...SPEC, takesCommand: true }, ["--help", "gzip"]));
});

test("a command begins behind -- or at the first word", (t) => {
	t.deepEqual(splitAtCommand(options, ["-y", "--", "gzip", "-9"]), { own: ["-y"], command: ["gzip", "-9"] });
	t.deepEqual(splitAtCommand(options, ["-f", "x", "gzip", "--", "-9"]), {
		own: ["-f", "x"],
		command: ["gzip", "--", "-9"],
	});
	t.deepEqual(splitAtCommand(options, ["-y"]), { own: ["-y"], command: [] });
});

test("only what is near is suggested", (t) => {
	t.is(nearest("pendig", ["pending", "show"]), "pending");
	t.is(nearest("shwo", ["pending", "show"]), "show");
	t.is(nearest("frobnicate", ["pending", "show"]), null);
	t.is(nearest("x", []), null);
});
