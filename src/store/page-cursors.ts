/** Cursors of the lists of pictures and observations: a time and an id, opaque to the caller, checked when they come back. */
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';

export interface Place {
  readonly atMs: number;
  readonly id: string;
}

export function cursorOf({ atMs, id }: Place): string {
  return Buffer.from(`${atMs} ${id}`).toString('base64url');
}

/** The last moment of the year 9999: what has four digits of a year, every database reads. */
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Throws `request.cursor` when the text is not one of ours. */
export function placeOf(cursor: string): Place {
  const [atText, id, ...rest] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const atMs = Number(atText);
  if (id === undefined || rest.length > 0 || !isId(id) || !Number.isSafeInteger(atMs) || atMs < 0 || atMs > latestMs) {
    throw new HedgerowError('request.cursor', 'The cursor does not come from this list. Begin again without one.');
  }
  return { atMs, id };
}
