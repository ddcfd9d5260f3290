/**
 * What the drivers throw, in our words. A lost or refused connection becomes `database.unavailable`; every other error of
 * a query keeps its SQLSTATE (see `../sql-state.ts`) and loses the parameters that drizzle writes into the message: they
 * can be sealed secrets and hashes, and messages reach the log.
 */
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { HedgerowError, messageOf, systemCodeOf } from '../../core/errors.js';
import { sqlStateOf } from '../sql-state.js';

const networkCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT',
]);
/** cannot connect now, admin shutdown, crash shutdown, too many connections, out of memory, disk full */
const unavailableStates = new Set(['57P01', '57P02', '57P03', '53300', '53200', '53100', '58030']);
const unavailableTexts = /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|after calling end|PGlite is clos|Client was closed/i;

/** Whether the connection, not the query, is at fault. */
export function isUnavailable(thrown: unknown): boolean {
  const state = sqlStateOf(thrown);
  if (isFatal(thrown)) return true;
  if (state !== undefined) return state.startsWith('08') || unavailableStates.has(state);
  const cause = thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
  return networkCodes.has(systemCodeOf(cause) ?? '') || unavailableTexts.test(messageOf(cause));
}

/** The server ended the connection, or did not make it: a wrong password, no such database, one that takes nobody now. */
function isFatal(thrown: unknown): boolean {
  for (let error: unknown = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const { severity } = error as { severity?: unknown };
    if (severity === 'FATAL' || severity === 'PANIC') return true;
  }
  return false;
}

/** The error to throw on in place of what a driver threw. */
export function translated(thrown: unknown): unknown {
  if (thrown instanceof HedgerowError) return thrown;
  if (isUnavailable(thrown)) {
    const cause = thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
    return new HedgerowError('database.unavailable', `The database does not answer: ${messageOf(cause)}`, { cause });
  }
  if (thrown instanceof DrizzleQueryError) {
    thrown.message = `Failed query: ${thrown.query}${thrown.cause ? `: ${messageOf(thrown.cause)}` : ''}`;
    thrown.params = [];
    // The driver's own error repeats the row ("Key (…)=(…)") in these.
    if (thrown.cause) Object.assign(thrown.cause, { detail: undefined, where: undefined, params: undefined });
  }
  return thrown;
}
