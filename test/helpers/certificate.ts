/** A certificate authority of a test's own, and a certificate for localhost that it signed. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsFiles } from "./faulty-server.js";

/** Certificates are made with openssl; tests that need one are skipped, by name, where there is none. */
export const HAS_OPENSSL = spawnSync("openssl", ["version"]).status === 0;

function openssl(folder: string, ...args: string[]): void {
	const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
	if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** @param folder where the files are written, and stay */
export function makeCertificates(folder: string): { authority: string; server: TlsFiles } {
	openssl(
		folder,
		"req",
		"-x509",
		...EC_KEY,
		"-keyout",
		"ca.key",
		"-out",
		"ca.pem",
		"-days",
		"2",
		"-subj",
		"/CN=Test CA",
	);
	openssl(folder, "req", ...EC_KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
	writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost\n");
	const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
	openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "server.pem", ...signing);
	const read = (name: string): string => readFileSync(join(folder, name), "utf8");
	return { authority: join(folder, "ca.pem"), server: { key: read("server.key"), cert: read("server.pem") } };
}
