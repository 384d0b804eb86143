/**
 * Four servers behind a balancer share one PostgreSQL; eight users' uploaders send to them, and servers are killed at
 * random moments. Afterwards every report is in PostgreSQL once.
 */
import { randomSequence } from "../../tools/random.js";
import { type Balancer, startBalancer } from "../helpers/balancer.js";
import { administer, type Postgres, startPostgres } from "../helpers/postgres-server.js";
import { after, type Toll, topUp } from "./kills.js";
import { printed, type Running, SERVER, start, World } from "./world.js";

const SERVERS = 4;
const UPLOADERS = 8;
/** A batch and a bit, for each uploader whenever it has little left. */
const REPORTS_TO_SEND = 600;
const SERVER_LIFE_MS = 600;

interface Member {
	running: Running;
	port: number;
}

async function startMember(database: string, { ports }: Balancer): Promise<Member> {
	const running = start([SERVER, "--port", "0", "--open", "--database", database], process.env);
	const [, port] = await printed(running, /listens on http:\/\/127\.0\.0\.1:(\d+)/);
	ports.add(Number(port));
	return { running, port: Number(port) };
}

async function killMember({ running, port }: Member, { ports }: Balancer): Promise<void> {
	running.child.kill("SIGKILL");
	await running.ended;
	ports.delete(port);
}

/** Sends what there is, and more, until it is over; then what is left. */
async function keepSending(world: World, promised: Set<string>, isOver: () => boolean): Promise<void> {
	while (!isOver()) {
		topUp(world, promised, REPORTS_TO_SEND);
		await world.startUploader().ended;
	}
	await world.drain();
}

async function killMembers(kills: number, members: Member[], database: string, balancer: Balancer): Promise<void> {
	const random = randomSequence(6);
	for (let killed = 0; killed < kills; killed++) {
		await after(random() * SERVER_LIFE_MS);
		const place = Math.floor(random() * SERVERS);
		const member = members[place];
		if (member === undefined) continue;
		await killMember(member, balancer);
		members[place] = await startMember(database, balancer);
	}
}

async function storedTimes(database: string): Promise<Map<string, number>> {
	const rows = await administer<{ id: string; times: string }>(
		database,
		"SELECT encode(id, 'hex')::uuid::text AS id, count(*) AS times FROM events GROUP BY 1",
	);
	return new Map(rows.map(({ id, times }) => [id, Number(times)]));
}

async function attack(kills: number, postgres: Postgres, balancer: Balancer): Promise<Toll> {
	await administer(postgres.url("postgres"), "CREATE DATABASE et");
	const database = postgres.url("et");
	const members = await Promise.all(Array.from({ length: SERVERS }, () => startMember(database, balancer)));
	const worlds = await Promise.all(Array.from({ length: UPLOADERS }, () => World.create(balancer.url)));
	try {
		const promised = worlds.map(() => new Set<string>());
		let isOver = false;
		const killing = killMembers(kills, members, database, balancer).finally(() => {
			isOver = true;
		});
		const sending = worlds.map((world, index) => keepSending(world, promised[index] ?? new Set(), () => isOver));
		await Promise.all([killing, ...sending]);
		const stored = await storedTimes(database);
		const all = new Set(promised.flatMap((ids) => [...ids]));
		const pending = new Set(worlds.flatMap((world) => [...world.pending()]));
		const dropped = worlds.reduce((sum, world) => sum + world.dropped(), 0);
		return {
			attack: "one of four servers on one PostgreSQL",
			times: kills,
			queued: all.size,
			onServer: stored.size,
			pending: pending.size,
			dropped,
			lost: [...all].filter((id) => !stored.has(id) && !pending.has(id)).length - dropped,
			twice: [...stored.values()].filter((times) => times > 1).length,
		};
	} finally {
		await Promise.all([...worlds.map((world) => world.close()), ...members.map((each) => killMember(each, balancer))]);
	}
}

/** @param kills how many servers are killed, one after another */
export async function killCluster(kills: number): Promise<Toll> {
	const postgres = await startPostgres({ fsync: true });
	const balancer = await startBalancer();
	try {
		return await attack(kills, postgres, balancer);
	} finally {
		balancer.close();
		await postgres.stop();
	}
}
