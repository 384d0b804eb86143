/** Batches: what fits, and how one that was refused is cut. */
import test from "ava";
import fc from "fast-check";
import { Batch, halves } from "../../daemon/batch.js";
import type { Parcel } from "../../daemon/parcel.js";

/** A report as far as a batch looks at it. */
const parcelOf = (bytes: number, index = 0) => ({ bytes, report: { id: String(index) } }) as Parcel;

const bounds = fc.record({ reports: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 2000 }) });
const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 100 });

test("a stream of reports becomes batches within bounds, in order, with none lost and none twice", (t) => {
	fc.assert(
		fc.property(sizes, bounds, (bytes, limits) => {
			const batches = [new Batch()];
			for (const [index, size] of bytes.entries()) {
				const parcel = parcelOf(size, index);
				if (!batches.at(-1)?.fits(parcel, limits)) batches.push(new Batch());
				batches.at(-1)?.add(parcel);
			}
			t.deepEqual(
				batches.flatMap(({ parcels }) => parcels.map(({ report }) => report.id)),
				bytes.map((_, index) => String(index)),
			);
			for (const { parcels, bytes: total } of batches) {
				t.true(parcels.length <= limits.reports);
				t.true(total <= limits.bytes || parcels.length === 1);
			}
		}),
	);
});

test("a report that is larger than the bound goes alone", (t) => {
	const batch = new Batch();
	t.true(batch.fits(parcelOf(5000), { reports: 10, bytes: 1000 }));
	batch.add(parcelOf(5000));
	t.false(batch.fits(parcelOf(1), { reports: 10, bytes: 1000 }));
});

test("halves are the whole in order, neither is empty, and halving comes to an end", (t) => {
	fc.assert(
		fc.property(fc.array(fc.integer(), { minLength: 2, maxLength: 600 }), (items) => {
			const [first, second] = halves(items);
			t.deepEqual([...first, ...second], items);
			t.true(first.length >= 1 && second.length >= 1);
			t.true(first.length - second.length <= 1 && first.length >= second.length);
		}),
	);
});
