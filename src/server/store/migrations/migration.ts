/** One step of the schema, in the words of each engine. */
export interface Migration {
	/** The schema's version after this step: one more than after the step before. */
	number: number;
	name: string;
	sqlite: string;
}
