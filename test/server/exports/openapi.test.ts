import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import test from "ava";
import { ADDRESSES } from "../../../src/server/app.js";
import { OPENAPI_PATH } from "../../../src/server/exports/openapi.js";
import type { RunningServer } from "../../../src/server/serve.js";
import { testManifest } from "../../helpers/manifest.js";
import { newRun, post, testServer, wireBatch, wireReport } from "../../helpers/server.js";

// biome-ignore lint/suspicious/noExplicitAny: a document, as a program finds it
type Json = any;

async function descriptionOf(server: RunningServer): Promise<Json> {
	return (await fetch(`${server.url}${OPENAPI_PATH}`)).json();
}

/** Whether a value is what the description says of an answer; the mistakes, where it is not. */
function mistakes(description: Json, path: string, method: string, status: string, value: unknown): string | null {
	const { schema } = description.paths[path][method].responses[status].content["application/json"];
	const ajv = new Ajv2020({ strict: false, validateFormats: false });
	ajv.addSchema({ $id: "https://et.invalid/openapi", components: description.components });
	const rooted = JSON.parse(
		JSON.stringify(schema).replaceAll("#/components", "https://et.invalid/openapi#/components"),
	);
	return ajv.validate(rooted, value) ? null : ajv.errorsText();
}

test("the description is OpenAPI, and of all addresses that are for programs", async (t) => {
	const description = await descriptionOf(await testServer(t));
	const { valid, errors } = await new Validator().validate(structuredClone(description));
	t.true(valid, JSON.stringify(errors));
	const forPrograms = ADDRESSES.map(([path]) => path.replace(/:(\w+)/g, "{$1}")).filter((path) =>
		/^\/(v1\/|healthz)/.test(path),
	);
	t.deepEqual(Object.keys(description.paths).sort(), forPrograms.filter((path) => path !== OPENAPI_PATH).sort());
});

test("real answers are what the description says", async (t) => {
	const server = await testServer(t);
	const description = await descriptionOf(server);
	const { key, runId } = newRun();
	const taken = await post(
		server.url,
		wireBatch([
			wireReport({ run_id: runId, inputs: [{ name: "a", unit: "reads", size: null }], data: { k: "v" } }),
			wireReport({ event: "start", outcome: null, wall_s: null }),
			wireReport({ outcome: "failed", exception: { type: "E", frames: [{ file: "a.py" }] } }),
			{ no: "report" },
		]),
	);
	t.is(mistakes(description, "/v1/batches", "post", "200", taken.body), null);
	for (const path of ["/v1/runs", "/v1/events", "/healthz"]) {
		const answer = await (await fetch(`${server.url}${path}`)).json();
		t.is(mistakes(description, path, "get", "200", answer), null, path);
	}
	await server.store.register({ project: "dunovo", manifest: testManifest(), at: 1 });
	const account = await (await fetch(`${server.url}/v1/projects/dunovo/privacy`)).json();
	t.is(mistakes(description, "/v1/projects/{project}/privacy", "get", "200", account), null);
	const refused = await (await fetch(`${server.url}/v1/runs?format=none`)).json();
	t.is(mistakes(description, "/v1/runs", "get", "4XX", refused), null);
	const erasures = { wire: 1, erasures: [{ id: "a", key }, { id: "b" }] };
	const erased = await fetch(`${server.url}/v1/erasures`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(erasures),
	});
	t.is(mistakes(description, "/v1/erasures", "post", "200", await erased.json()), null);
	t.not(mistakes(description, "/v1/runs", "get", "200", { runs: [{}], cursor: null, more: false }), null);
});
