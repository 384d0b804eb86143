/** Tables as Parquet, a group of rows at a time. The only file that knows hyparquet-writer. */
import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import { PARQUET_GROUP_ROWS } from "../config.js";
import type { Cell, Column, ColumnType } from "./columns.js";

const ELEMENTS: Readonly<Record<ColumnType, Omit<SchemaElement, "name">>> = {
	text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
	json: { type: "BYTE_ARRAY", converted_type: "JSON" },
	integer: { type: "INT64" },
	number: { type: "DOUBLE" },
	truth: { type: "BOOLEAN" },
	time: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
};

function parquetValue(type: ColumnType, cell: Cell): unknown {
	if (cell === null) return null;
	if (type === "integer" && typeof cell === "number") return BigInt(Math.round(cell));
	if (type === "time" && typeof cell === "string") return new Date(cell);
	// The writer turns what it is given for JSON into a text itself.
	if (type === "json" && typeof cell === "string") return JSON.parse(cell);
	return cell;
}

/** Hands over what has been written, and goes on counting where it stands in the file. */
class Stream extends ByteWriter {
	take(): Uint8Array {
		const bytes = this.getBytes().slice();
		this.index = 0;
		return bytes;
	}
}

/** The file's bytes, as they come; memory holds one group of rows. */
export async function* parquetOf<T>(
	columns: readonly Column<T>[],
	steps: AsyncIterable<{ items: T[] }>,
): AsyncGenerator<Uint8Array> {
	const writer = new Stream();
	const schema: SchemaElement[] = [
		{ name: "root", num_children: columns.length },
		...columns.map(({ name, type }) => ({ name, repetition_type: "OPTIONAL" as const, ...ELEMENTS[type] })),
	];
	const file = new ParquetWriter({ writer, schema });
	let waiting: T[] = [];
	const write = async (): Promise<void> => {
		if (waiting.length === 0) return;
		const columnData = columns.map(({ name, type, cell }) => ({
			name,
			data: waiting.map((item) => parquetValue(type, cell(item))),
		}));
		waiting = [];
		await file.write({ columnData, rowGroupSize: PARQUET_GROUP_ROWS });
	};
	for await (const { items } of steps) {
		waiting.push(...items);
		if (waiting.length < PARQUET_GROUP_ROWS) continue;
		await write();
		yield writer.take();
	}
	await write();
	await file.finish();
	yield writer.take();
}
