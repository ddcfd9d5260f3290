/**
 * DESIGN.md 2.7 in one place: what may be guarded, and under which conditions. Asked when a rule is made and again every
 * time one is evaluated, because places, consents and schedules change under a rule. No role and no setting changes it.
 */
import { guardableKinds } from '../contract/site.js';

export interface GuardFacts {
  /** the rule's own site; zone and place must stand on it */
  readonly siteId: string;
  readonly zoneKind: string;
  readonly zoneSiteId: string;
  /** null: the zone is bound to no place */
  readonly placeKind: string | null;
  readonly placeSiteId: string | null;
  readonly consentReference: string | null;
  /** last day of the resident's consent, YYYY-MM-DD */
  readonly consentUntil: string | null;
  /** the zone's schedules, taken together, arm it round the clock */
  readonly roundTheClock: boolean;
  /** of the rule's own schedule */
  readonly scheduleReason: string;
  readonly reviewOn: string | null;
}

export interface GuardRefusal {
  readonly code: 'rule.boundary' | 'schedule.always';
  readonly reason: string;
}

/**
 * @param today the date at the site, YYYY-MM-DD
 * @returns why the zone must not be armed, or null when it may be
 */
export function guardRefusal(facts: GuardFacts, today: string): GuardRefusal | null {
  if (facts.zoneKind !== 'guard') return boundary(`A rule needs a guard zone; this is a zone of the kind "${facts.zoneKind}".`);
  if (facts.placeKind === null) return boundary('The zone is not bound to a registered place.');
  if (facts.zoneSiteId !== facts.siteId || facts.placeSiteId !== facts.siteId) return boundary('Zone and place do not stand on the site of the rule.');
  if (facts.placeKind === 'dwelling') {
    if (facts.consentReference === null || facts.consentUntil === null) return boundary("A dwelling is guarded only with its resident's own recorded consent.");
    if (facts.consentUntil < today) return boundary(`The resident's consent ended on ${facts.consentUntil}.`);
  } else if (!(guardableKinds as readonly string[]).includes(facts.placeKind)) {
    return boundary(`A place of the kind "${facts.placeKind}" is never guarded.`);
  }
  return facts.roundTheClock ? alwaysRefusal(facts, today) : null;
}

/** Why a schedule must not arm round the clock, or null when it gives a reason and a review date that is still to come. */
export function alwaysRefusal(facts: Pick<GuardFacts, 'scheduleReason' | 'reviewOn'>, today: string): GuardRefusal | null {
  const refuse = (reason: string): GuardRefusal => ({ code: 'schedule.always', reason });
  if (facts.scheduleReason.trim() === '') return refuse('The zone would be armed round the clock: write down the reason in its schedule.');
  if (facts.reviewOn === null) return refuse('The zone would be armed round the clock: set the date on which its schedule is looked at again.');
  if (facts.reviewOn < today) return refuse(`The zone is armed round the clock and its review was due on ${facts.reviewOn}.`);
  return null;
}

function boundary(reason: string): GuardRefusal {
  return { code: 'rule.boundary', reason };
}
