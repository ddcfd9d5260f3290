/**
 * What may go on in a drawn scene beside its loop: somebody who stays, a parked car, light, weather. Each is a trait that the
 * control address takes by name; any number of them at once. `Standing` says since when, so that 30 minutes can be drawn in seconds.
 */
import { z } from 'zod';

const on = z.boolean().default(true);

export const situationSchemas = [
  /** somebody stands there and only shifts the weight now and then; `spot` picks one of four places */
  z.strictObject({ fault: z.literal('stand'), on, spot: z.number().int().min(0).max(3).default(0) }),
  /** an empty bench; it stays when who sleeps on it is gone */
  z.strictObject({ fault: z.literal('bench'), on }),
  /** somebody lies on the bench and does not move at all */
  z.strictObject({ fault: z.literal('sleep'), on }),
  /** a car stands there */
  z.strictObject({ fault: z.literal('park'), on }),
  /** people who never leave a part of the view */
  z.strictObject({ fault: z.literal('crowd'), on, people: z.number().int().min(2).max(24).default(9) }),
  /**
   * Lamps are switched: all light times `level` at the left edge, and more by `uneven` at the right one. For good, or on and off
   * with a change every so many seconds.
   */
  z.strictObject({ fault: z.literal('light'), on, level: z.number().min(0.1).max(2.5).default(0.5), uneven: z.number().min(0).max(0.6).default(0.25), everySeconds: z.number().min(1).max(30).nullable().default(null) }),
  /** shadows of clouds wander over the scene; `depth`: the share of light that they take */
  z.strictObject({ fault: z.literal('clouds'), on, depth: z.number().min(0.05).max(0.7).default(0.35) }),
  z.strictObject({ fault: z.literal('rain'), on, strength: z.number().min(0.05).max(1).default(0.5) }),
  /** `lying`: how white the ground is already */
  z.strictObject({ fault: z.literal('snow'), on, strength: z.number().min(0).max(1).default(0.5), lying: z.number().min(0).max(0.8).default(0) }),
  /** grey, lit by the camera's own lamps, with the noise of the night */
  z.strictObject({ fault: z.literal('infrared'), on }),
  /** a tree near the camera whose top the wind moves by so much */
  z.strictObject({ fault: z.literal('sway'), on, reachPx: z.number().min(0).max(24).default(8) }),
  /** the exposure never settles: it goes up and down by this share */
  z.strictObject({ fault: z.literal('pumping'), on, depth: z.number().min(0.02).max(0.5).default(0.2), periodSeconds: z.number().min(2).max(30).default(6) }),
] as const;

export const situationSchema = z.discriminatedUnion('fault', situationSchemas);
export type Situation = z.infer<typeof situationSchema>;
/** As it is written down by a caller: what has a default may be left out. */
export type SituationInput = z.input<typeof situationSchema>;
export type SituationName = Situation['fault'];
export const situationNames: readonly SituationName[] = situationSchemas.map((s) => s.shape.fault.value);

/** A situation, and for how long it has been and will be: who comes walks in, who leaves walks out. */
export interface Standing {
  readonly situation: Situation;
  /** Infinity: it was there from the start */
  readonly sinceSeconds: number;
  readonly leftSeconds: number;
}

/** One of each name, in the order in which they came; a later one takes the place of an earlier one of its name. */
export function withSituation(before: readonly Situation[], situation: Situation): readonly Situation[] {
  const others = before.filter((s) => s.fault !== situation.fault);
  return situation.on ? [...others, situation] : others;
}

export function isSituation(fault: { readonly fault: string }): fault is Situation {
  return (situationNames as readonly string[]).includes(fault.fault);
}

/** Is somebody or something put into the scene, which only a drawn one can show? */
export function needsScene(situation: Situation): boolean {
  return ['stand', 'bench', 'sleep', 'park', 'crowd', 'sway'].includes(situation.fault);
}

/** A situation that begins and ends, seconds of the scene's own time. From 0 on: it was there before the camera. */
export interface Cue {
  readonly situation: SituationInput;
  readonly fromSecond?: number;
  readonly untilSecond?: number;
}

/** What of a script goes on at a second of the scene's time; that time has nothing to do with any clock. */
export function standingAt(script: readonly Cue[], second: number): Standing[] {
  return script.flatMap(({ situation, fromSecond = 0, untilSecond = Infinity }) =>
    second < fromSecond || second >= untilSecond
      ? []
      : [{ situation: situationSchema.parse(situation), sinceSeconds: fromSecond <= 0 ? Infinity : second - fromSecond, leftSeconds: untilSecond - second }],
  );
}
