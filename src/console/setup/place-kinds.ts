/** The closed lists of kinds of places (DESIGN.md 2.7). The compiler holds them equal to the contract's. */
import type { guardableKinds, Place, PlaceKind, protectedKinds } from '../../contract/site.js';

const guardable: Record<(typeof guardableKinds)[number], true> = {
  'pump-station': true, store: true, depot: true, substation: true, 'school-gate': true, 'waters-edge': true, 'building-site': true,
  'car-park-after-hours': true, workshop: true, granary: true, 'livestock-shed': true, bridge: true, landfill: true, well: true,
  'telecom-mast': true, 'checkpoint-barrier': true,
};
const guarded: Record<(typeof protectedKinds)[number], true> = {
  dwelling: true, 'place-of-worship': true, 'polling-place': true, 'petition-office': true, 'legal-office': true, 'press-office': true,
  'medical-office': true, 'place-of-assembly': true,
};

export const guardableList = Object.keys(guardable) as PlaceKind[];
export const protectedList = Object.keys(guarded) as PlaceKind[];

/** A guard zone may be bound to it: an allowed kind, or a dwelling whose resident's consent holds. */
export function mayBeGuarded(place: Place): boolean {
  if (place.kind in guardable) return true;
  return place.kind === 'dwelling' && place.consent !== null && place.consent.until >= new Date().toISOString().slice(0, 10);
}
