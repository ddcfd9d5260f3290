/**
 * The order of the test files: those that take long come first, so that none of them is the last and runs alone. They are
 * known by name, because a fresh checkout remembers no durations; the rest follow in vitest's own order.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. A name that is no more does no harm; a new file of half a minute or more belongs here. */
const long = [
  'boundary/no-frame-leaves',
  'e2e/cluster',
  'e2e/faults',
  'boundary/moved-camera',
  'ingest/frame-source',
  'e2e/village',
  'cli/running',
  'analyse/analyst',
  'analyse/scenes-still',
  'analyse/scenes-events',
  'e2e/console-picture',
  'cli/alone',
  'e2e/changes',
  'e2e/console',
  'e2e/console-place',
  'e2e/console-onboard',
  'register/onboarding-village',
  'register/device-changes-village',
  'register/commissioning-village',
  'register/device-facts-village',
  'register/table-fuzz',
  'register/site-map-fuzz',
  'register/soap-fuzz-readers',
  'register/soap-fuzz',
  'register/soap-fuzz-cost',
  'conformance/object-store',
  'conformance/queue',
  'store/kill',
  'alert/delivery-pump',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((name) => moduleId.endsWith(`/tests/${name}.test.ts`));
      return at < 0 ? long.length : at;
    };
    // The sort is stable: files of the same place stay as they were.
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
