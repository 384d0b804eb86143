/** Acts of whoever has the server's console: who that is, the server does not know. */
import { type Act, type ActName, CONSOLE } from "../store/access-types.js";

export function consoleAct(act: ActName, what: string | null): Act {
	return { at: Date.now(), who: null, act, what, source: CONSOLE };
}
