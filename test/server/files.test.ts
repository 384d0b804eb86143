import test from "ava";
import { defaultDatabase } from "../../src/server/files.js";

test("the database is in the folder that the user names", (t) => {
	const env = { ET_DATA: "/data", XDG_DATA_HOME: "/xdg" };
	t.is(defaultDatabase({ env, platform: "linux", home: "/home/me" }), "/data/et.sqlite");
});

test("else it is where the platform keeps the data of applications", (t) => {
	const at = (platform: NodeJS.Platform, home: string, env = {}) => defaultDatabase({ env, platform, home });
	t.is(at("linux", "/home/me"), "/home/me/.local/share/et/et.sqlite");
	t.is(at("linux", "/home/me", { XDG_DATA_HOME: "/xdg" }), "/xdg/et/et.sqlite");
	t.is(at("linux", "/home/me", { XDG_DATA_HOME: "relative" }), "/home/me/.local/share/et/et.sqlite");
	t.is(at("linux", "/home/me", { ET_DATA: "" }), "/home/me/.local/share/et/et.sqlite");
	t.is(at("darwin", "/Users/me"), "/Users/me/Library/Application Support/et/et.sqlite");
	t.is(at("win32", "C:\\Users\\me"), "C:\\Users\\me\\AppData\\Local\\et\\et.sqlite");
	t.is(at("win32", "C:\\Users\\me", { LOCALAPPDATA: "D:\\local" }), "D:\\local\\et\\et.sqlite");
});
