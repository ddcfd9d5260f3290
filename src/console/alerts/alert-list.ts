/** What the list of alerts knows without a page: what is open, what a key moves to, who was first. */
import type { Alert } from '../../contract/alert.js';
import type { DetectionClass } from '../../contract/detection.js';

export type AlertFilter = 'open' | 'all';

export function isOpen(alert: Alert): boolean {
  return alert.state !== 'resolved';
}

/** Nobody has taken it yet: this is what the number in the title counts. */
export function isUnread(alert: Alert): boolean {
  return alert.state === 'raised';
}

export function shown(alerts: readonly Alert[], filter: AlertFilter, siteId: string | null): Alert[] {
  return alerts.filter((a) => (siteId === null || a.siteId === siteId) && (filter === 'all' || isOpen(a)));
}

/** The alert that `step` (+1 older, -1 newer) leads to; stops at both ends; the first one when none is chosen. */
export function moveSelection(alerts: readonly Alert[], selectedId: string | null, step: 1 | -1): string | null {
  const at = alerts.findIndex((a) => a.id === selectedId);
  if (at < 0) return alerts[0]?.id ?? null;
  return alerts[Math.min(alerts.length - 1, Math.max(0, at + step))]?.id ?? null;
}

/** After an alert left the list: the one that took its place, else the one before. */
export function selectionAfter(before: readonly Alert[], after: readonly Alert[], selectedId: string | null): string | null {
  if (selectedId === null || after.some((a) => a.id === selectedId)) return selectedId;
  const at = before.findIndex((a) => a.id === selectedId);
  const left = new Set(after.map((a) => a.id));
  const next = before.slice(at + 1).find((a) => left.has(a.id)) ?? before.slice(0, Math.max(0, at)).reverse().find((a) => left.has(a.id));
  return next?.id ?? null;
}

const order: readonly DetectionClass[] = ['person', 'vehicle', 'animal', 'change'];

/** Classes that were there, in a fixed order. */
export function countsOf(alert: Alert): { readonly class: DetectionClass; readonly count: number }[] {
  return order.map((c) => ({ class: c, count: alert.counts[c] ?? 0 })).filter((c) => c.count > 0);
}

/** Who moved the alert on last, after it was raised. */
export function lastStep(alert: Alert): Alert['steps'][number] | undefined {
  return alert.steps.filter((s) => s.step !== 'raised').at(-1);
}
