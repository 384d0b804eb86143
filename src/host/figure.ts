/** One thing that was measured, and by which method: docs/wire-format.md lists their names. */
export interface Figure {
	value: number;
	by: string;
}
