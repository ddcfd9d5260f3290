/** Everything that goes through the queue: one discriminated union, parsed at the door. No frame can be in it. */
import { z } from 'zod';
import { id } from './page.js';

export const job = z.discriminatedUnion('name', [
  /** climb the onboarding ladder of one camera */
  z.strictObject({ name: z.literal('camera.onboard'), cameraId: id }),
  /** change the password of the cameras of a rotation, one by one */
  z.strictObject({ name: z.literal('credentials.rotate'), rotationId: id }),
  /** send what is due in the outbox */
  z.strictObject({ name: z.literal('delivery.drain') }),
  /** delete what is past its retention */
  z.strictObject({ name: z.literal('retention.sweep') }),
]);
export type Job = z.infer<typeof job>;
export type JobName = Job['name'];

export type JobOf<N extends JobName> = Extract<Job, { name: N }>;
export type JobHandler<N extends JobName> = (job: JobOf<N>, signal: AbortSignal) => Promise<void>;
/** Start-up fails when a job has no handler: the type asks for every one. */
export type JobHandlers = { readonly [N in JobName]: JobHandler<N> };

export interface EnqueueOptions {
  readonly delayMs?: number;
  /** a waiting job with the same key is not queued twice */
  readonly dedupeKey?: string;
  /** tries in all; default 5 */
  readonly attempts?: number;
}

/** At least once: a job whose worker dies runs again. */
export interface Queue {
  enqueue(job: Job, options?: EnqueueOptions): Promise<void>;
  /** Runs every `everyMs` on one worker of the fleet. Calling it again with another interval changes it. */
  repeat(job: Job, everyMs: number): Promise<void>;
  /** Begins to take jobs. Resolves when the worker is ready. */
  work(handlers: JobHandlers, options: { readonly concurrency: number; readonly signal: AbortSignal }): Promise<void>;
  counts(): Promise<{ waiting: number; active: number; failed: number }>;
  probe(): Promise<void>;
  /** Waits for running handlers, then lets go. */
  close(): Promise<void>;
}
