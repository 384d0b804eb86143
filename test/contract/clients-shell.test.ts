/** What only a shell has: a trap that two want, and subshells, which have the script's number and not its traps. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { runProgram } from "../helpers/child.js";
import { reportsIn } from "../helpers/cli.js";
import { grantAt, temporaryHome } from "../helpers/home.js";
import { needing } from "../helpers/needs.js";

const CLIENT = fileURLToPath(new URL("../../../docs/clients/et.sh", import.meta.url));

for (const shell of ["sh", "bash"]) {
	const withShell = needing(shell, () => spawnSync(shell, ["-c", ":"]).status === 0);

	/** What a script prints and ends with, and how its runs ended. */
	const outcome = async (t: ExecutionContext, script: string) => {
		const home = temporaryHome(t);
		grantAt(home);
		const env = { ...home.env, CLIENT, MANIFEST: home.manifestPath };
		const { code, signal, stdout, stderr } = await runProgram(t, shell, ["-c", script], { env });
		t.is(stderr, "");
		const ends = reportsIn(home).filter(({ event }) => event === "end");
		return { ended: code ?? signal, stdout, runs: ends.map((end) => end.signal ?? end.exit_code ?? end.outcome) };
	};

	withShell(`${shell}: a script has one run after another, and its own trap runs once`, async (t) => {
		const script = `
			trap 'echo its own' EXIT
			. "$CLIENT"
			et_start "$MANIFEST"; et_end
			et_start "$MANIFEST"; et_end
			et_start "$MANIFEST"; exit 3`;
		t.deepEqual(await outcome(t, script), { ended: 3, stdout: "its own\n", runs: ["ok", "ok", 3] });
	});

	withShell(`${shell}: a script that is traced prints its own commands, and nothing of a run's`, async (t) => {
		const home = temporaryHome(t);
		grantAt(home);
		const env = { ...home.env, CLIENT, MANIFEST: home.manifestPath };
		const script = '. "$CLIENT"; set -x; et_start "$MANIFEST"; et_data n=1; false; et_prelim; exit 3';
		const { code, stderr } = await runProgram(t, shell, ["-c", script], { env });
		t.is(code, 3);
		t.deepEqual(
			reportsIn(home).map(({ event, exit_code }) => [event, exit_code]),
			[
				["start", null],
				["prelim", null],
				["end", 3],
			],
		);
		t.notRegex(stderr, /_et_(?!at_exit|old_exit)/);
		t.notRegex(stderr, /[0-9a-f]{32}/, "the key of the run is nobody's to read");
	});

	withShell(`${shell}: a trap that the script sets between two runs is run, too`, async (t) => {
		const script = `
			. "$CLIENT"
			et_start "$MANIFEST"; et_end
			trap 'echo its own' EXIT
			et_start "$MANIFEST"`;
		t.deepEqual(await outcome(t, script), { ended: 0, stdout: "its own\n", runs: ["ok", "ok"] });
	});

	withShell(`${shell}: a run in a subshell leaves the script's trap to the script`, async (t) => {
		const script = `
			trap 'echo its own' EXIT
			. "$CLIENT"
			et_start "$MANIFEST"; et_end
			( et_start "$MANIFEST"; exit 4 )
			echo after`;
		t.deepEqual(await outcome(t, script), { ended: 0, stdout: "after\nits own\n", runs: ["ok", 4] });
	});

	withShell(`${shell}: a subshell that is killed does not take the script with it`, async (t) => {
		const script = `
			exec 2> /dev/null # The shell says that its child was terminated.
			. "$CLIENT"
			( et_start "$MANIFEST"; kill -s TERM "$(exec sh -c 'printf %s "$PPID"')"; sleep 60 )
			echo "after $?"`;
		t.deepEqual(await outcome(t, script), { ended: 0, stdout: "after 143\n", runs: ["SIGTERM"] });
	});
}
