/** What a form sends: the API checks it against the contract and says what is wrong. */
export type Draft = Record<string, unknown>;
