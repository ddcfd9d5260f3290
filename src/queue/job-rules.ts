/** What both queues hold to: the form of a job, tries, delays, times. The conformance suite tests them on each. */
import { job, type Job, type JobHandlers } from '../contract/jobs.js';
import { canonicalJson } from '../core/canonical-json.js';
import { HedgerowError } from '../core/errors.js';
import type { Backoff } from '../core/retry.js';

export const defaultAttempts = 5;
/** between the tries of one job */
export const jobBackoff: Backoff = { initialMs: 1_000, factor: 2, capMs: 60_000, jitterRatio: 0.5 };
/** a worker that does not renew its claim for so long has lost the job */
export const claimMs = 30_000;
/** how long a failed job is kept */
export const keepFailedMs = 7 * 24 * 3_600_000;
/** errors of the same queue are logged at most this often */
export const logEveryMs = 10_000;

/** Throws `queue.job` when no handler knows the form. */
export function parseJob(value: unknown): Job {
  const parsed = job.safeParse(value);
  if (parsed.success) return parsed.data;
  const name = typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' ? value.name.slice(0, 60) : undefined;
  const [issue] = parsed.error.issues;
  throw new HedgerowError('queue.job', `A job${name === undefined ? '' : ` "${name}"`} has a form that no handler knows: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, {
    context: { name },
  });
}

/** Calls the one handler of a job. */
export async function handle(handlers: JobHandlers, job: Job, signal: AbortSignal): Promise<void> {
  switch (job.name) {
    case 'camera.onboard':
      return handlers['camera.onboard'](job, signal);
    case 'credentials.rotate':
      return handlers['credentials.rotate'](job, signal);
    case 'delivery.drain':
      return handlers['delivery.drain'](job, signal);
    case 'retention.sweep':
      return handlers['retention.sweep'](job, signal);
    default:
      job satisfies never;
  }
}

/** The same for equal jobs, whatever the order of their keys. */
export function keyOf(value: Job): string {
  return canonicalJson(value);
}

export function requireWhole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new HedgerowError('queue.job', `${name} is a whole number from ${least} on, not ${value}.`, { context: { name } });
  }
}
