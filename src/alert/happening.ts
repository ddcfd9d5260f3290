/**
 * A happening: what goes on in a guard zone, or at a contact, from its first sign until it was quiet. It is one alert.
 * Here is what is known of it in memory; what of that is in the database already is kept beside it.
 */
import { detectionClasses, type ClassCounts } from '../contract/detection.js';

/** What stays true of an alert from the moment it is raised. */
export interface AlertFacts {
  readonly kind: 'guard-zone' | 'input';
  readonly siteId: string;
  readonly cameraId: string;
  readonly ruleId: string | null;
  readonly ruleName: string | null;
  readonly zoneId: string | null;
  readonly zoneName: string | null;
  readonly placeName: string | null;
  readonly inputName: string | null;
}

export interface Happening {
  alertId: string;
  readonly facts: AlertFacts;
  readonly raisedAtMs: number;
  /** it is over when nothing was seen for so long */
  quietMs: number;
  lastSeenMs: number;
  /** largest number of each class at once */
  counts: ClassCounts;
  pictureId: string | null;
  noPictureReason: string | null;
  /** `raising`: the alert is not in the database yet */
  phase: 'raising' | 'raised' | 'over';
  /** lastSeenMs as it was last written */
  savedSeenMs: number;
  /** when others were last told of a change */
  announcedMs: number;
  /** counts or picture changed since then */
  changed: boolean;
  /** a contact that is closed prolongs itself until then; 0 for everything else */
  heldUntilMs: number;
  /** added to the quiet time until the first sign after a restart: time without a worker is not quiet */
  graceMs: number;
  cancelTimer: (() => void) | undefined;
}

/** Largest of both, class by class; classes that were never seen stay absent. */
export function largerCounts(a: ClassCounts, b: ClassCounts): ClassCounts {
  const out: ClassCounts = {};
  for (const name of detectionClasses) {
    const most = Math.max(a[name] ?? 0, b[name] ?? 0);
    if (most > 0) out[name] = most;
  }
  return out;
}

export function sameCounts(a: ClassCounts, b: ClassCounts): boolean {
  return detectionClasses.every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}

/** The zone or contact that a happening belongs to: at most one of them is open for each. */
export function keyOf(facts: Pick<AlertFacts, 'kind' | 'zoneId' | 'inputName'>): string {
  return facts.kind === 'input' ? `input:${facts.inputName ?? ''}` : `zone:${facts.zoneId ?? ''}`;
}

/** Lets a happening see a sign of life. @returns whether counts or picture changed */
export function prolong(happening: Happening, sign: { atMs: number; counts?: ClassCounts; pictureId?: string | null }): boolean {
  happening.graceMs = 0;
  happening.lastSeenMs = Math.max(happening.lastSeenMs, sign.atMs);
  const counts = largerCounts(happening.counts, sign.counts ?? {});
  const changed = !sameCounts(counts, happening.counts);
  happening.counts = counts;
  return takePicture(happening, sign.pictureId ?? null) || changed;
}

/** The first picture of a happening stays. @returns whether this was it */
export function takePicture(happening: Happening, pictureId: string | null): boolean {
  if (pictureId === null || happening.pictureId !== null) return false;
  happening.pictureId = pictureId;
  happening.noPictureReason = null;
  happening.changed = true;
  return true;
}

/** When it is over unless something more is seen, epoch ms. */
export function overAtMs(happening: Happening): number {
  return happening.lastSeenMs + happening.quietMs + happening.graceMs;
}
