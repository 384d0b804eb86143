/** A command's work in the server's own database, also while that serves. */
import type { Command } from "commander";
import type { Store } from "../store/types.js";
import { databaseOf } from "./database-option.js";

/** Opens the database, has something done with it, and closes it. @throws EtError as openStore does */
export async function inStore<T>(command: Command, work: (store: Store) => Promise<T>): Promise<T> {
	const { openStore } = await import("../store/open.js");
	const store = await openStore(databaseOf(command));
	try {
		return await work(store);
	} finally {
		await store.close();
	}
}
