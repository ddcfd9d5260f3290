/** The rest of what the page decides without a page: addresses, roles, zones, forms, words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problemOf, isConflict, isSignedOut } from '../../src/console/api/problem.js';
import { addPoint, closes, faultOf, pointAt, svgPoints, type ZonePoint } from '../../src/console/camera/zone-drawing.js';
import { allows, allowsEverywhere } from '../../src/console/session/permissions.js';
import { linkSecret } from '../../src/console/session/one-time-link.js';
import { emptyDraft, requestOf } from '../../src/console/setup/camera-draft.js';
import { addressOf, deviceName } from '../../src/console/setup/found-device.js';
import { guardableList, mayBeGuarded, protectedList } from '../../src/console/setup/place-kinds.js';
import { parseRing } from '../../src/console/setup/ring.js';
import { formatAge, formatDate, formatFull, formatMoment, formatShare, weekdayNames } from '../../src/console/text/format.js';
import { pictureEveryMs, waitBeforeReading } from '../../src/console/village/picture-pace.js';
import { reasonText } from '../../src/console/village/reasons.js';
import { conePath } from '../../src/console/village/view-cone.js';
import { withheldReasons } from '../../src/contract/analysis.js';
import { newCamera } from '../../src/contract/camera.js';
import { guardableKinds, protectedKinds, type Place } from '../../src/contract/site.js';
import { zonePolygon } from '../../src/contract/zone.js';

describe('a one-time link', () => {
  it('is read from the fragment and from nowhere else', () => {
    expect(linkSecret('#link=abc-123')).toBe('abc-123');
    expect(linkSecret('#/link=a%2Fb')).toBe('a/b');
    for (const other of ['', '#/', '#link=', '#/cameras/link=1x', '#link=%E0%A4%A']) expect(linkSecret(other), other).toBeUndefined();
  });
});

describe('roles', () => {
  it('reach as far as their site', () => {
    const grants = [{ role: 'operator', siteId: 'a' } as const, { role: 'auditor', siteId: null } as const];
    expect(allows(grants, 'handleAlerts', 'a')).toBe(true);
    expect(allows(grants, 'handleAlerts', 'b')).toBe(false);
    expect(allows(grants, 'handleAlerts', null)).toBe(true);
    expect(allows(grants, 'seeLive', 'b')).toBe(false);
    expect(allows(grants, 'seeStored', 'b')).toBe(true);
    expect(allowsEverywhere(grants, 'handleAlerts')).toBe(false);
    expect(allowsEverywhere(grants, 'seeStored')).toBe(true);
  });

  it('do not show live pictures to an auditor, and nothing to nobody', () => {
    expect(allows([{ role: 'auditor', siteId: null }], 'seeLive', null)).toBe(false);
    expect(allows([], 'seeStored', null)).toBe(false);
  });
});

describe('a problem', () => {
  it('keeps title, detail and code', () => {
    const problem = problemOf(409, 'Conflict', '{"code":"alert.state","title":"The alert is not in a state that allows this","detail":"li.wei was first"}');
    expect(problem).toMatchObject({ code: 'alert.state', detail: 'li.wei was first' });
    expect(isConflict(problem)).toBe(true);
    expect(isSignedOut(problem)).toBe(false);
  });

  it('is made of any answer at all', () => {
    fc.assert(fc.property(fc.integer({ min: 400, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => void expect(problemOf(status, 'X', body).title.length).toBeGreaterThan(0)));
    expect(problemOf(502, 'Bad Gateway', '<html>').title).toBe('502 Bad Gateway');
  });
});

describe('drawing a zone', () => {
  const square: readonly ZonePoint[] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]];

  it('judges as the contract does', () => {
    const point = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(fc.property(fc.array(point, { minLength: 0, maxLength: 9 }), (points) => void expect(faultOf(points) === null).toBe(zonePolygon.safeParse(points).success)), { numRuns: 400 });
    expect(faultOf(square)).toBeNull();
    expect(faultOf([[0.1, 0.1], [0.5, 0.5], [0.5, 0.1], [0.1, 0.5]])).toBe('crosses');
    expect(faultOf([[0.1, 0.1], [0.11, 0.1], [0.1, 0.11]])).toBe('tiny');
  });

  it('sets points inside the picture, not twice on a spot, and closes at the first', () => {
    expect(pointAt(-5, 700, 640, 360)).toEqual([0, 1]);
    expect(addPoint(square, [0.1001, 0.5001])).toBe(square);
    expect(addPoint(square, [0.3, 0.8])).toHaveLength(5);
    expect(closes(square, [0.105, 0.104])).toBe(true);
    expect(closes(square.slice(0, 2), [0.1, 0.1])).toBe(false);
    expect(svgPoints([[0.5, 0.25]])).toBe('500.0,250.0');
  });
});

describe('forms', () => {
  it('make a camera that the contract takes, with unknowns as null', () => {
    const draft = { ...emptyDraft('7f1d9a52-31b9-4b0e-9d2a-4e8f1d2b3c4d', 0), name: ' Gate ', address: '192.168.1.64', purpose: 'Guards the pump house door', owner: 'Committee', legalBasis: 'Decision 14', latitude: '30.5', password: ' x ' };
    const request = newCamera.parse(requestOf(draft));
    expect(request).toMatchObject({ name: 'Gate', latitude: 30.5, longitude: null, username: null, password: ' x ', reviewOn: '1971-01-01' });
  });

  it('reach a found device at the address that answered', () => {
    const device = { endpointReference: 'urn:1', address: '192.168.1.90', xaddrs: ['http://10.0.0.1:8000/onvif/device_service'], name: null, hardware: null, interfaces: [], macAddress: null, moved: false, via: 'multicast' as const, cameraId: null };
    expect(addressOf(device)).toBe('http://192.168.1.90:8000/onvif/device_service');
    expect(addressOf({ ...device, xaddrs: ['http://10.0.0.1/a', 'http://192.168.1.90/b'] })).toBe('http://192.168.1.90/b');
    expect(addressOf({ ...device, xaddrs: ['not a url'] })).toBe('192.168.1.90');
    expect(deviceName(device)).toBe('192.168.1.90');
  });

  it('know the closed lists of places', () => {
    expect(guardableList.sort()).toEqual([...guardableKinds].sort());
    expect(protectedList.sort()).toEqual([...protectedKinds].sort());
    const place: Place = { id: 'p', siteId: 's', kind: 'dwelling', name: 'House', position: null, consent: null };
    expect(mayBeGuarded(place)).toBe(false);
    expect(mayBeGuarded({ ...place, consent: { reference: 'Folder 3', until: '2999-01-01' } })).toBe(true);
    expect(mayBeGuarded({ ...place, consent: { reference: 'Folder 3', until: '2001-01-01' } })).toBe(false);
    expect(mayBeGuarded({ ...place, kind: 'polling-place', consent: { reference: 'x', until: '2999-01-01' } })).toBe(false);
  });

  it('read a boundary in the ways that people have it', () => {
    const ring = [[120.1, 30.1], [120.2, 30.1], [120.2, 30.2]];
    expect(parseRing('120.1, 30.1\n120.2 30.1\n120.2;30.2')).toEqual(ring);
    expect(parseRing(JSON.stringify(ring))).toEqual(ring);
    expect(parseRing(JSON.stringify({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] } }))).toEqual(ring);
    expect(parseRing(JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] } }] }))).toEqual(ring);
    expect(parseRing('')).toEqual([]);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => { const r = parseRing(text); expect(r === null || Array.isArray(r)).toBe(true); }));
  });
});

describe('words and numbers', () => {
  const noon = '2026-03-01T04:00:05.000Z';

  it('are in the site’s zone and in the reader’s language', () => {
    expect(formatMoment(noon, 'Asia/Shanghai', 'en', Date.parse(noon))).toBe('12:00:05');
    expect(formatMoment('2026-02-28T17:00:00Z', 'Asia/Shanghai', 'en', Date.parse(noon))).toBe('01:00:00');
    expect(formatMoment('2026-02-28T15:00:00Z', 'Asia/Shanghai', 'en', Date.parse(noon))).toBe('28 Feb 23:00:00');
    expect(formatFull(noon, 'Asia/Shanghai', 'en')).toContain('GMT+8');
    expect(formatDate('2026-06-30', 'zh-CN')).toBe('2026年6月30日');
    expect(formatMoment(noon, 'Not/AZone', 'en', Date.parse(noon))).toBe('04:00:05');
    expect(formatMoment('garbage', 'UTC', 'en', 0)).toBe('garbage');
    expect(weekdayNames('en')[0]).toBe('Mon');
    expect(weekdayNames('zh-CN')).toHaveLength(7);
  });

  it('do not round what is there to nothing', () => {
    expect(formatShare(0.001, 'en')).toBe('<1%');
    expect(formatShare(0, 'en')).toBe('0%');
    expect(formatShare(0.126, 'en')).toBe('13%');
    expect(formatAge('2026-03-01T03:59:00Z', Date.parse(noon), 'en')).toMatch(/1 min/);
    expect(formatAge('2030-01-01T00:00:00Z', Date.parse(noon), 'en')).toMatch(/^0 sec/);
  });

  it('translate every reason of ours, by name and by sentence, and leave others', () => {
    for (const [name, sentence] of Object.entries(withheldReasons)) {
      expect(reasonText(name, (key) => key)).toBe(`withheld.${name}`);
      expect(reasonText(sentence, (key) => key)).toBe(`withheld.${name}`);
    }
    expect(reasonText('disk is full', (key) => key)).toBe('disk is full');
  });

  it('draw a cone to the north up, to the east right', () => {
    expect(conePath(0, 2, 10)).toMatch(/^M0 0L-0\.17 -10\.00A/);
    expect(conePath(90, 2, 10)).toMatch(/^M0 0L10\.00 -0\.17A/);
  });

  it('read a picture at most every two seconds', () => {
    expect(waitBeforeReading(null, 5)).toBe(0);
    expect(waitBeforeReading(1_000, 1_500)).toBe(pictureEveryMs - 500);
    expect(waitBeforeReading(1_000, 9_000)).toBe(0);
  });
});
