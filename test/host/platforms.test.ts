/** docs/platforms.json holds for this client, word for word, and so do its environments. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { LIMIT_FIELDS } from "../../src/host/limit.js";
import { limitsOf, VARIABLE_LIMITS } from "../../src/host/limits.js";
import {
	CONTAINER_FILES,
	NO_WORDS,
	PLATFORM_ORDER,
	type PlatformKind,
	platformsByVariables,
	VARIABLE_SIGNS,
	withContainer,
} from "../../src/host/platforms.js";
import { PLATFORMS } from "../../src/report/types.js";
import { platformCases, platformTable } from "../helpers/platforms.js";
import { temporaryFolder } from "../helpers/temporary.js";

test("the table for other languages is this client's", (t) => {
	const { not_set, platforms, limits } = platformTable();
	t.deepEqual(not_set, NO_WORDS);
	const signsOf = (platform: PlatformKind) =>
		platform === "cwl"
			? [{ set: ["TMPDIR", "HOME"], unset: ["USER", "LOGNAME"], home_is_working_directory: true }]
			: VARIABLE_SIGNS[platform].map((sign) => ({ set: sign.split("+") }));
	t.deepEqual(
		platforms,
		PLATFORM_ORDER.map((platform) => ({
			platform,
			any: [...signsOf(platform), ...(platform === "container" ? CONTAINER_FILES.map((file) => ({ file })) : [])],
		})),
	);
	t.deepEqual(
		limits,
		VARIABLE_LIMITS.map(({ limit, onlyIf, ...rest }) => ({
			limit: LIMIT_FIELDS[limit],
			...rest,
			...(onlyIf === undefined ? {} : { only_if: onlyIf }),
		})),
	);
	t.deepEqual([...PLATFORM_ORDER].sort(), [...PLATFORMS].sort());
});

test("the page has a row for each sign and each limit", (t) => {
	const page = readFileSync(new URL("../../../docs/platforms.md", import.meta.url), "utf8");
	const signs = Object.values(VARIABLE_SIGNS).flat();
	const words = [...signs, ...VARIABLE_LIMITS.map(({ value }) => value)].flatMap((sign) => sign.match(/[A-Za-z_]+/g));
	for (const word of [...words, ...CONTAINER_FILES]) t.true(page.includes(`\`${word}\``), `${word}`);
});

test("each environment of the page is told as it says", (t) => {
	const cases = platformCases();
	t.deepEqual([...new Set(cases.flatMap(({ platform }) => platform ?? []))].sort(), [...PLATFORMS].sort());
	for (const { name, env, working_directory: cwd, files = {}, platform, platform_inner, limits } of cases) {
		const byVariables = platformsByVariables(env, () => cwd);
		const all = withContainer(byVariables, (path) => Object.hasOwn(files, path));
		t.deepEqual([all[0] ?? null, all[1] ?? null], [platform, platform_inner], name);
		const found = limitsOf(env, byVariables, join(temporaryFolder(t), "nothing"));
		const wire = found && { memory_bytes: found.memoryBytes, wall_s: found.wallS, cpus: found.cpus };
		t.deepEqual(wire, limits, name);
	}
});

test("a working directory that is gone is no CWL runner's, and no failure", (t) => {
	const gone = () => {
		throw new Error("ENOENT: uv_cwd");
	};
	t.deepEqual(platformsByVariables({ HOME: "/x", TMPDIR: "/y" }, gone), []);
});
