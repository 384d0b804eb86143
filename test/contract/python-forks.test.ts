/** What a Python script forks is its own: a child dies of a signal as it would without ET. */
import { fileURLToPath } from "node:url";
import { runProgram } from "../helpers/child.js";
import { grantAt, temporaryHome } from "../helpers/home.js";
import { withPython } from "../helpers/needs.js";

const CLIENTS = fileURLToPath(new URL("../../../docs/clients/", import.meta.url));

withPython(
	"Python: a child that is forked and killed at once dies of its signal, however early it comes",
	async (t) => {
		const home = temporaryHome(t);
		grantAt(home);
		const script = `
import os, signal
import et
run = et.start_run(manifest=os.environ["MANIFEST"], command="forks")
signal.alarm(90)  # A child that does not die of its signal is waited for in vain.
for _ in range(300):
    child = os.fork()
    if child == 0:
        while True:
            pass
    os.kill(child, signal.SIGTERM)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM, status
assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
print("all died of it")
`;
		const env = { ...home.env, MANIFEST: home.manifestPath, PYTHONPATH: CLIENTS };
		const { code, stdout, stderr } = await runProgram(t, "python3", ["-B", "-c", script], { env });
		t.deepEqual([code, stdout, stderr], [0, "all died of it\n", ""]);
	},
);
