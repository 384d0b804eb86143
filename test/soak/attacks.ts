/** Every attack by its name, with how often `npm run soak` carries it out. */
import { canMount } from "../helpers/faults.js";
import { hasPostgres } from "../helpers/postgres-server.js";
import { killCluster } from "./cluster.js";
import { fillDisk } from "./disk.js";
import { killFolders, killServers, killUploaders, killWriters, stealLeases, type Toll } from "./kills.js";
import type { World } from "./world.js";

export interface Attack {
	/** At full scale. */
	times: number;
	run: (world: World, times: number) => Promise<Toll>;
	/** Whether this machine and user can do it. @defaultValue yes */
	isPossible?: () => boolean;
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
	writers: {
		times: 500,
		run: killWriters,
	},
	uploaders: {
		times: 300,
		run: killUploaders,
	},
	folders: {
		times: 100,
		run: killFolders,
	},
	servers: {
		times: 100,
		run: killServers,
	},
	cluster: {
		times: 60,
		run: (_world, times) => killCluster(times),
		isPossible: hasPostgres,
	},
	leases: {
		times: 50,
		run: stealLeases,
	},
	disks: {
		times: 20,
		run: fillDisk,
		isPossible: canMount,
	},
};
