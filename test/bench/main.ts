/** `npm run bench -- NAME [--json]`: runs one benchmark, and says on which machine. */
import { tmpdir } from "node:os";
import { type Benchmark, machineFacts, resultText } from "./result.js";

/** Loaded only where they are asked for, since some import the server. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
	enqueue: async () => (await import("./enqueue.js")).enqueue,
	python: async () => (await import("./python.js")).python,
	scripts: async () => (await import("./scripts.js")).scripts,
	flush: async () => (await import("./flush.js")).flush,
	intake: async () => (await import("./intake.js")).intake,
	memory: async () => (await import("./memory.js")).memory,
	run: async () => (await import("./run.js")).measuredRun,
	inputs: async () => (await import("./inputs.js")).inputs,
};

const USAGE_EXIT_CODE = 2;

async function usage(): Promise<string> {
	const lines = ["Usage: npm run bench -- NAME [--json] [OPTIONS]", ""];
	for (const [name, load] of Object.entries(BENCHMARKS)) {
		const { about, usage: own } = await load();
		lines.push(`  ${name.padEnd(10)}${about}`);
		if (own !== "") lines.push(`  ${"".padEnd(10)}${own}`);
	}
	return `${lines.join("\n")}\n`;
}

async function main([name = "", ...args]: readonly string[]): Promise<number> {
	const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
	if (load === undefined) {
		process.stderr.write(await usage());
		return USAGE_EXIT_CODE;
	}
	const asJson = args.includes("--json");
	const own = args.filter((arg) => arg !== "--json");
	const machine = machineFacts(tmpdir());
	const result = await (await load()).run(own, (line) => process.stderr.write(`${line}\n`));
	const repeat = ["npm run bench --", name, ...own].join(" ");
	if (asJson) {
		process.stdout.write(`${JSON.stringify({ bench: name, repeat, machine, ...result }, null, 2)}\n`);
		return 0;
	}
	const { node, platform, cpu, cores, memoryGiB, fileSystem, nodeVariables } = machine;
	process.stdout.write(`${resultText(result)}\n\n`);
	process.stdout.write(`Node.js ${node} on ${platform}; ${cores} cores (${cpu}), ${memoryGiB} GiB, ${fileSystem}.\n`);
	if (nodeVariables.length > 0) process.stdout.write(`Set in the environment: ${nodeVariables.join(", ")}.\n`);
	process.stdout.write(`Repeat: ${repeat}\n`);
	return 0;
}

process.exitCode = await main(process.argv.slice(2));
