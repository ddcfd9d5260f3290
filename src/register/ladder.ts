/** The onboarding ladder: rungs climbed in order; the first that fails ends the climb, and the rest is skipped. */
import { rungNames, type Rung } from '../contract/camera.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { hintFor } from './onboarding-hints.js';
import { withoutSecretInPath } from './path-credentials.js';

export type RungName = Rung['name'];

export type Step =
  | { readonly status: 'pass'; readonly seen: string }
  | { readonly status: 'skipped'; readonly seen: string }
  | { readonly status: 'fail'; readonly seen: string; readonly todo: string };

export interface Ladder {
  /** @returns false when the climb is over. Throws what is no fault of the camera: aborts, our database. */
  climb(name: RungName, work: () => Promise<Step>): Promise<boolean>;
  /** Every rung in order, those that were not reached as skipped. */
  rungs(): Rung[];
}

/** @param onRung told of each rung as it is climbed, and of the skipped ones when `rungs` is called */
export function createLadder(clock: Clock, onRung?: (rung: Rung) => void): Ladder {
  const done = new Map<RungName, Rung>();
  let failedAt: RungName | undefined;

  return {
    async climb(name, work) {
      if (failedAt !== undefined) return false;
      const startMs = clock.monotonicMs();
      let step: Step;
      try {
        step = await work();
      } catch (thrown) {
        if (!(thrown instanceof HedgerowError) || (thrown.code !== 'address.refused' && !thrown.code.startsWith('camera.'))) throw thrown;
        step = { status: 'fail', seen: thrown.message, todo: hintFor(name, thrown) };
      }
      const todo = step.status === 'fail' ? step.todo : '';
      const rung: Rung = { name, status: step.status, seen: withoutSecretInPath(step.seen).slice(0, 700), todo, tookMs: Math.round(clock.monotonicMs() - startMs) };
      done.set(name, rung);
      onRung?.(rung);
      if (step.status === 'fail') failedAt = name;
      return step.status !== 'fail';
    },

    rungs() {
      return rungNames.map((name) => {
        const known = done.get(name);
        if (known) return known;
        const skipped: Rung = { name, status: 'skipped', seen: failedAt === undefined ? 'Not needed.' : `Not reached: "${failedAt}" failed.`, todo: '', tookMs: 0 };
        done.set(name, skipped);
        onRung?.(skipped);
        return skipped;
      });
    },
  };
}
