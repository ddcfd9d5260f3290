/**
 * Asks a device one thing after the other for the checklist. What it refuses, does not know or does not answer in time
 * becomes the reason why a check is "unverified"; it never ends the run. A stop by the caller does, and so does what is
 * no fault of a camera (our database, a defect).
 */
import { HedgerowError } from '../core/errors.js';
import type { Asked } from './commissioning-checks/verdicts.js';

export interface Questions {
  ask<T>(work: () => Promise<T>): Promise<Asked<T>>;
  /** Asks with the answer to an earlier question; without one, its reason is passed on. */
  from<N, T>(needs: Asked<N>, work: (value: N) => Promise<T>): Promise<Asked<T>>;
}

export function createQuestions({ signal, deadline, limitMs }: { signal: AbortSignal; deadline: AbortSignal; limitMs: number }): Questions {
  const late: Asked<never> = { status: 'unanswered', reason: `Not answered within the ${Math.round(limitMs / 1000)} s that the checklist takes at most.` };
  const questions: Questions = {
    async ask(work) {
      if (signal.aborted) throw stopped();
      if (deadline.aborted) return late;
      try {
        return { status: 'answered', value: await work() };
      } catch (thrown) {
        if (signal.aborted) throw stopped();
        if (deadline.aborted) return late;
        if (!(thrown instanceof HedgerowError) || (thrown.code !== 'address.refused' && !thrown.code.startsWith('camera.'))) throw thrown;
        return { status: 'unanswered', reason: thrown.message };
      }
    },
    from: (needs, work) => (needs.status === 'answered' ? questions.ask(() => work(needs.value)) : Promise.resolve(needs)),
  };
  return questions;
}

export function notAsked(reason: string): Asked<never> {
  return { status: 'unanswered', reason };
}

export function answered<T>(value: T): Asked<T> {
  return { status: 'answered', value };
}

function stopped(): HedgerowError {
  return new HedgerowError('process.aborted', 'Stopped before the checklist was done.');
}
