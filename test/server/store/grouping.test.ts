/** Group commit: who is stored together, who hears what, and what the failure of one costs the others. */
import test from "ava";
import { Grouping } from "../../../src/server/store/grouping.js";

class Busy extends Error {}

/** Stores words of text; one that is empty cannot be stored, and with `busy` nothing can. */
function grouping(most = 100) {
	const stored: string[][] = [];
	const tried: string[][] = [];
	const group = new Grouping<string, number>({
		store: (words) => {
			tried.push([...words]);
			if (words.includes("")) throw new Error("empty");
			if (words.includes("busy")) throw new Busy();
			stored.push([...words]);
			return words.map(({ length }) => length);
		},
		concernsAll: (error) => error instanceof Busy,
		sizeOf: ({ length }) => length,
		most,
	});
	return { group, stored, tried };
}

test("what comes at once is stored together, in its order, and each hears its own result", async (t) => {
	const { group, stored } = grouping();
	t.deepEqual(await Promise.all(["a", "bbb", "cc"].map((word) => group.add(word))), [1, 3, 2]);
	t.is(await group.add("dddd"), 4);
	t.deepEqual(stored, [["a", "bbb", "cc"], ["dddd"]]);
});

test("a group holds no more than it may; what is larger goes alone", async (t) => {
	const { group, stored } = grouping(5);
	const words = ["aa", "bbb", "c", "ddddddd", "ee"];
	t.deepEqual(
		await Promise.all(words.map((word) => group.add(word))),
		words.map(({ length }) => length),
	);
	t.deepEqual(stored, [["aa", "bbb"], ["c"], ["ddddddd"], ["ee"]]);
});

test("one that cannot be stored costs the others nothing", async (t) => {
	const { group, stored } = grouping();
	const heard = await Promise.allSettled(["a", "", "cc"].map((word) => group.add(word)));
	t.deepEqual(
		heard.map((each) => (each.status === "fulfilled" ? each.value : each.reason.message)),
		[1, "empty", 2],
	);
	t.deepEqual(stored, [["a"], ["cc"]]);
});

test("what concerns all is not tried again for each", async (t) => {
	const { group, tried } = grouping();
	const heard = await Promise.allSettled(["a", "busy", "cc"].map((word) => group.add(word)));
	t.true(heard.every((each) => each.status === "rejected" && each.reason instanceof Busy));
	t.is(tried.length, 1);
});

test("flush() stores what waits before it returns", async (t) => {
	const { group, stored } = grouping();
	const added = group.add("a");
	group.flush();
	t.deepEqual(stored, [["a"]]);
	t.is(await added, 1);
});
