/**
 * The rules of the cameras that this worker runs, in memory, and what a sample's hits mean to them. Evaluates without
 * I/O. A rule that the boundary refuses is never armed; it is said once in the log.
 */
import type { ZoneHit } from '../contract/analysis.js';
import type { ClassCounts } from '../contract/detection.js';
import type { Logger } from '../telemetry/logger.js';
import { armingOf, type GuardRule } from './guard-rules.js';
import { largerCounts } from './happening.js';

/** What the armed rules of one zone make of one sample. */
export interface ZoneSign {
  readonly zoneId: string;
  /** the classes that armed rules ask for */
  readonly counts: ClassCounts;
  /** a rule whose dwell time is reached: it raises; undefined while all of them still wait */
  readonly due: GuardRule | undefined;
}

interface Presence {
  sinceMs: number;
  lastMs: number;
}

export interface CameraRules {
  knows(cameraId: string): boolean;
  set(cameraId: string, rules: readonly GuardRule[]): void;
  rule(cameraId: string, ruleId: string | null): GuardRule | undefined;
  /** Pure look: what the hits would mean. */
  judge(cameraId: string, hits: readonly ZoneHit[], atMs: number): ZoneSign[];
  /** The same, and remembers who has been in the zone since when. */
  see(cameraId: string, hits: readonly ZoneHit[], atMs: number): ZoneSign[];
  /** Whether one of the camera's rules is armed. */
  armed(cameraId: string, atMs: number): boolean;
  known(): string[];
}

/** A detector that misses for so long, or for two samples, does not end a stay. */
const missMs = 3_000;

/**
 * After how long without a hit a zone counts as quiet. Two samples in any case: what happens between them is not seen,
 * and so is not quiet.
 */
export function quietMsOf(rule: Pick<GuardRule, 'quietMs' | 'sampleIntervalMs'>): number {
  return Math.max(rule.quietMs, 2 * rule.sampleIntervalMs);
}

export function createCameraRules({ log }: { log: Logger }): CameraRules {
  const cameras = new Map<string, readonly GuardRule[]>();
  const presences = new Map<string, Presence>();
  const refusals = new Map<string, string>();

  function matches(rule: GuardRule, hit: ZoneHit, atMs: number): boolean {
    if (hit.zoneId !== rule.zoneId || hit.tallestRatio < rule.minHeightRatio) return false;
    if (!rule.classes.some((name) => (hit.counts[name] ?? 0) > 0)) return false;
    const arming = armingOf(rule, atMs);
    if (arming.status === 'refused' && refusals.get(rule.id) !== arming.reason) {
      refusals.set(rule.id, arming.reason);
      log.warn({ ruleId: rule.id, cameraId: rule.cameraId, code: arming.code, reason: arming.reason }, 'a rule is not armed: the boundary refuses it');
    }
    return arming.status === 'armed';
  }

  function staysSince(rule: GuardRule, atMs: number): number {
    const presence = presences.get(rule.id);
    const gapMs = Math.max(missMs, 2.5 * rule.sampleIntervalMs);
    return presence && atMs - presence.lastMs <= gapMs ? Math.min(presence.sinceMs, atMs) : atMs;
  }

  function judge(cameraId: string, hits: readonly ZoneHit[], atMs: number, remember: boolean): ZoneSign[] {
    const signs = new Map<string, ZoneSign>();
    for (const rule of cameras.get(cameraId) ?? []) {
      const hit = hits.find((h) => matches(rule, h, atMs));
      if (!hit) continue;
      const sinceMs = staysSince(rule, atMs);
      if (remember) presences.set(rule.id, { sinceMs, lastMs: Math.max(atMs, presences.get(rule.id)?.lastMs ?? atMs) });
      const wanted = Object.fromEntries(rule.classes.map((name) => [name, hit.counts[name] ?? 0])) as ClassCounts;
      const before = signs.get(rule.zoneId);
      signs.set(rule.zoneId, {
        zoneId: rule.zoneId,
        counts: largerCounts(before?.counts ?? {}, wanted),
        due: before?.due ?? (atMs - sinceMs >= rule.dwellMs ? rule : undefined),
      });
    }
    return [...signs.values()];
  }

  return {
    knows: (cameraId) => cameras.has(cameraId),
    set(cameraId, rules) {
      const kept = new Set(rules.map((r) => r.id));
      for (const old of cameras.get(cameraId) ?? []) if (!kept.has(old.id)) [presences, refusals].forEach((of) => of.delete(old.id));
      cameras.set(cameraId, rules);
    },
    rule: (cameraId, ruleId) => cameras.get(cameraId)?.find((r) => r.id === ruleId),
    judge: (cameraId, hits, atMs) => judge(cameraId, hits, atMs, false),
    see: (cameraId, hits, atMs) => judge(cameraId, hits, atMs, true),
    armed: (cameraId, atMs) => (cameras.get(cameraId) ?? []).some((rule) => armingOf(rule, atMs).status === 'armed'),
    known: () => [...cameras.keys()],
  };
}
