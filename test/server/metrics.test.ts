import test from "ava";
import { post, testServer, wireBatch, wireReport } from "../helpers/server.js";

test("what was answered is counted, by names of ours alone", async (t) => {
	const server = await testServer(t);
	const report = wireReport({ project: "secret-project" });
	await post(server.url, wireBatch([report, report, { no: "report" }]));
	await fetch(`${server.url}/runs/secret-project/${report.run_id}`);
	await fetch(`${server.url}/v1/runs?project=secret-project`);
	await fetch(`${server.url}/not-there/secret`);
	const response = await fetch(`${server.url}/metrics`);
	t.regex(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
	const text = await response.text();
	for (const line of [
		'et_verdicts_total{of="report",verdict="accepted",code=""} 1',
		'et_verdicts_total{of="report",verdict="duplicate",code=""} 1',
		'et_verdicts_total{of="report",verdict="rejected",code="invalid_report"} 1',
		'et_http_requests_total{route="/v1/batches",method="POST",status="200"} 1',
		'et_http_requests_total{route="/runs/:project/:runId",method="GET",status="200"} 1',
		'et_http_requests_total{route="none",method="GET",status="404"} 1',
		"et_store_up 1",
	]) {
		t.true(text.split("\n").includes(line), `${line}\n${text.match(/^et_.*$/gm)?.join("\n")}`);
	}
	t.notRegex(text, /secret|127\.0\.0\.1/);
});
