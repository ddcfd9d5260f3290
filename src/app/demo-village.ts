/**
 * Registers the simulated village the way a technician would: a site, a place and a guard zone for each camera, a
 * schedule, a rule. Run again it finds what is there and only mends addresses, so that a second start loses nothing.
 * The cameras themselves take the same path as any other: register → onboard → run.
 */
import type { AlertRules } from '../contract/alert-ports.js';
import type { Principal } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import type { DetectionClass } from '../contract/detection.js';
import type { PlaceKind } from '../contract/site.js';
import type { Clock } from '../core/clock.js';
import { toRfc3339 } from '../core/clock.js';

const dayMs = 86_400_000;
const allSites = 'all' as const;
const page = { limit: 500 } as const;

/** What this module needs to know of a simulated camera. */
export interface VillageCamera {
  readonly name: string;
  readonly onvifUrl: string;
  readonly username: string;
  readonly password: string;
  readonly guardPolygon: readonly (readonly [number, number])[];
  readonly longitude: number;
  readonly latitude: number;
  readonly azimuthDeg: number;
  readonly horizontalFovDeg: number;
  readonly mountHeightM: number;
}

export const demoSiteName = 'Willow Ford (simulated)';

export async function registerVillage(deps: {
  cameras: readonly VillageCamera[];
  registry: Registry;
  rules: AlertRules;
  /** what raises an alert: with a detector persons and vehicles, without one any change */
  classes: readonly DetectionClass[];
  by: Principal;
  clock: Clock;
}): Promise<{ siteId: string }> {
  const { cameras, registry, rules, by, clock } = deps;
  const inHalfAYear = toRfc3339(clock.nowMs() + 180 * dayMs).slice(0, 10);

  const site =
    (await registry.sites(allSites, page)).items.find((s) => s.name === demoSiteName) ??
    (await registry.createSite({ name: demoSiteName, timeZone: localTimeZone(), boundary: boundaryAround(cameras), requireDetector: false, retentionDays: 7 }, by));
  const places = (await registry.places(allSites, { ...page, siteId: site.id })).items;
  const registered = (await registry.cameras(allSites, { ...page, siteId: site.id })).items;
  const zones = (await registry.zones(allSites, page)).items;
  const present = (await rules.rules(allSites, { ...page, siteId: site.id })).items;
  const schedules = (await rules.schedules(allSites, { ...page, siteId: site.id })).items;
  const schedule =
    schedules[0] ??
    (await rules.createSchedule(
      {
        siteId: site.id,
        name: 'Round the clock (demonstration)',
        weekly: Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 1440 }]),
        reason: 'A simulated village: nobody real walks here, and a newcomer should see an alert at any hour.',
        reviewOn: inHalfAYear,
      },
      by,
    ));

  async function arm(zoneId: string, placeName: string): Promise<void> {
    await rules.createRule(
      {
        siteId: site.id,
        name: `Somebody at: ${placeName}`,
        zoneId,
        scheduleId: schedule.id,
        classes: [...deps.classes],
        reason: 'Was tampered with twice (simulated)',
        endsOn: inHalfAYear,
        dwellMs: 0,
        minHeightRatio: 0.05,
        quietMs: 10_000,
        enabled: true,
      },
      by,
    );
  }

  // Each step asks for what is there already: a start that was cut short in the middle is finished by the next.
  for (const simulated of cameras) {
    const { kind, placeName, zoneName, purpose } = guarded(simulated.name);
    const known = registered.find((c) => c.name === simulated.name);
    if (known && known.address !== simulated.onvifUrl) await registry.updateCamera(known.id, { address: simulated.onvifUrl, password: simulated.password }, by);
    const camera =
      known ??
      (await registry.createCamera(
        {
          siteId: site.id,
          name: simulated.name,
          address: simulated.onvifUrl,
          username: simulated.username,
          password: simulated.password,
          purpose,
          owner: 'Village office (simulated)',
          legalBasis: 'None needed: nobody real is in view',
          reviewOn: inHalfAYear,
          longitude: simulated.longitude,
          latitude: simulated.latitude,
          mountHeightM: simulated.mountHeightM,
          azimuthDeg: simulated.azimuthDeg,
          tiltDeg: null,
          horizontalFovDeg: simulated.horizontalFovDeg,
          sourceToken: null,
          sampleIntervalMs: 1000,
          enabled: true,
        },
        by,
      ));
    const place =
      places.find((p) => p.name === placeName) ??
      (await registry.createPlace({ siteId: site.id, kind, name: placeName, position: [simulated.longitude, simulated.latitude], consent: null }, by));
    const zone =
      zones.find((z) => z.cameraId === camera.id && z.kind === 'guard') ??
      (await registry.createZone(
        { cameraId: camera.id, kind: 'guard', name: zoneName, polygon: simulated.guardPolygon.map(([x, y]) => [x, y] as [number, number]), placeId: place.id },
        by,
      ));
    const rule = present.find((r) => r.zoneId === zone.id);
    if (rule && rule.classes.join() !== deps.classes.join()) await rules.removeRule(rule.id, by);
    if (rule?.classes.join() !== deps.classes.join()) await arm(zone.id, placeName);
  }
  return { siteId: site.id };
}

/** What each of the drawn places is; a camera of another name (`Pump station 2`, a video) guards what its name begins with. */
function guarded(cameraName: string): { kind: PlaceKind; placeName: string; zoneName: string; purpose: string } {
  const [, kind, zoneName] = guardedPlaces.find(([start]) => cameraName.startsWith(start)) ?? (['', 'depot', 'Yard'] as const);
  return { kind, zoneName, placeName: cameraName, purpose: `Demonstration: guards "${cameraName}" against tampering` };
}

const guardedPlaces = [
  ['Pump station', 'pump-station', 'Pump station yard'],
  ['Storehouse', 'store', 'Loading yard'],
  ["Water's edge", 'waters-edge', 'Bank'],
  ['School gate', 'school-gate', 'Forecourt'],
] as const;

function localTimeZone(): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone.includes('/') ? zone : 'UTC';
}

/** A rectangle with some room around the cameras, as a GeoJSON ring. */
function boundaryAround(cameras: readonly VillageCamera[]): [number, number][] {
  const room = 0.0008;
  const longitudes = cameras.map((c) => c.longitude);
  const latitudes = cameras.map((c) => c.latitude);
  const [west, east] = [Math.min(...longitudes) - room, Math.max(...longitudes) + room];
  const [south, north] = [Math.min(...latitudes) - room, Math.max(...latitudes) + room];
  return [[west, south], [east, south], [east, north], [west, north]];
}
