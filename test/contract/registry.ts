/** What every engine must do alike with registered projects, their manifests and their keys. */
import { randomBytes } from "node:crypto";
import type { TestFn } from "ava";
import type { Manifest } from "../../src/report/manifest.js";
import { testManifest } from "../helpers/manifest.js";
import type { OpenStore } from "./store.js";

const AT_MS = Date.UTC(2026, 1, 1);

function manifest(project: string, version: number): Manifest {
	const { notice } = testManifest();
	return testManifest({ project, notice: { ...notice, version } });
}

export function registryContract(test: TestFn, open: OpenStore): void {
	test("a project is registered with each version of its notice, in their order, and nothing else is", async (t) => {
		const store = await open(t);
		t.deepEqual(await store.registrations(null), []);
		for (const version of [2, 10, 1]) {
			const registered = await store.register({ project: "dunovo", manifest: manifest("dunovo", version), at: AT_MS });
			t.deepEqual(registered, { result: "registered" });
		}
		await store.register({ project: "bare", manifest: null, at: AT_MS + 1 });
		const all = await store.registrations(null);
		t.deepEqual(
			all.map(({ project, registeredAt, manifests, keys }) => [
				project,
				registeredAt,
				manifests.map(({ manifest: { notice } }) => notice.version),
				keys,
			]),
			[
				["bare", AT_MS + 1, [], 0],
				["dunovo", AT_MS, [1, 2, 10], 0],
			],
		);
		t.deepEqual(all[1]?.manifests[0], { manifest: manifest("dunovo", 1), registeredAt: AT_MS });
		t.deepEqual(await store.registrations(["dunovo", "none"]), all.slice(1));
		t.deepEqual(await store.registrations([]), []);
	});

	test("what is registered already stays as it was, and is told", async (t) => {
		const store = await open(t);
		const first = manifest("dunovo", 1);
		const other = { ...first, data: {} };
		await store.register({ project: "dunovo", manifest: first, at: AT_MS });
		t.deepEqual(await store.register({ project: "dunovo", manifest: other, at: AT_MS + 1 }), {
			result: "known",
			manifest: first,
		});
		t.deepEqual(await store.register({ project: "dunovo", manifest: null, at: AT_MS + 1 }), { result: "registered" });
		const [registration] = await store.registrations(null);
		t.deepEqual(registration?.manifests, [{ manifest: first, registeredAt: AT_MS }]);
		t.is(registration?.registeredAt, AT_MS);
	});

	test("a version of a notice is forgotten alone, a project with its keys, and nobody else's", async (t) => {
		const store = await open(t);
		for (const project of ["dunovo", "other"]) {
			for (const version of [1, 2]) {
				await store.register({ project, manifest: manifest(project, version), at: AT_MS });
			}
		}
		const digest = randomBytes(32);
		await store.addKey("dunovo", digest, AT_MS);
		t.true(await store.unregister("dunovo", 1));
		t.false(await store.unregister("dunovo", 1));
		t.is((await store.registrations(["dunovo"]))[0]?.manifests.length, 1);
		t.not(await store.findKey(digest), undefined);

		t.true(await store.unregister("dunovo", null));
		t.false(await store.unregister("dunovo", null));
		t.is(await store.findKey(digest), undefined);
		t.deepEqual(
			(await store.registrations(null)).map(({ project, manifests }) => [project, manifests.length]),
			[["other", 2]],
		);
	});

	test("a key is found by its hash until it is revoked, and stays in its project's list", async (t) => {
		const store = await open(t);
		const digest = randomBytes(32);
		t.is(await store.addKey("dunovo", digest, AT_MS), undefined);
		await store.register({ project: "dunovo", manifest: null, at: AT_MS });
		const id = await store.addKey("dunovo", digest, AT_MS);
		const second = await store.addKey("dunovo", randomBytes(32), AT_MS + 1);
		if (id === undefined || second === undefined) return t.fail("no key was made");
		t.deepEqual(await store.findKey(digest), { id, project: "dunovo" });
		t.is(await store.findKey(randomBytes(32)), undefined);
		t.is((await store.registrations(null))[0]?.keys, 2);

		t.false(await store.revokeKey("other", id, AT_MS + 2));
		t.true(await store.revokeKey("dunovo", id, AT_MS + 2));
		t.true(await store.revokeKey("dunovo", id, AT_MS + 3));
		t.is(await store.findKey(digest), undefined);
		t.deepEqual(await store.keys("dunovo"), [
			{ id, madeAt: AT_MS, revokedAt: AT_MS + 2 },
			{ id: second, madeAt: AT_MS + 1, revokedAt: null },
		]);
		t.is((await store.registrations(null))[0]?.keys, 1);
		t.deepEqual(await store.keys("none"), []);
	});

	test("of two who register the same at once, one does and the other is told what is there", async (t) => {
		const store = await open(t);
		const results = await Promise.all(
			Array.from({ length: 4 }, () =>
				store.register({ project: "dunovo", manifest: manifest("dunovo", 1), at: AT_MS }),
			),
		);
		t.deepEqual(results.map(({ result }) => result).sort(), ["known", "known", "known", "registered"]);
	});
}
