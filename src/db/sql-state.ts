/** The five-letter SQLSTATE of a failed query, for those who expect one (a unique name that is taken). */

/** @returns for example "23505", or undefined when the error is not one of a query */
export function sqlStateOf(thrown: unknown): string | undefined {
  for (let error: unknown = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)) return code;
  }
  return undefined;
}

/** Whether a row with the same unique key is there already. */
export function isUniqueViolation(thrown: unknown): boolean {
  return sqlStateOf(thrown) === '23505';
}

/** Whether the transaction lost a race and may be tried again as a whole: serialisation failure or deadlock. */
export function isLostRace(thrown: unknown): boolean {
  const state = sqlStateOf(thrown);
  return state === '40001' || state === '40P01';
}
