/** The demonstration's script: counts the words of a file, and reports with startRun(), as an author's would. */
import { readFile, stat } from "node:fs/promises";
import { startRun } from "../src/index.js";

const [manifest = "", file = ""] = process.argv.slice(2);
const run = startRun({ manifest, command: "words", version: "1.0" });
const { size } = await stat(file);
run.prelim({ inputs: { input: size } });
const words = (await readFile(file, "utf8")).split(/\s+/).filter((word) => word !== "").length;
run.end({ outcome: "ok", inputs: { input: size }, data: { words } });
