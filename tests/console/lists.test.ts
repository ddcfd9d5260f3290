/** What events and keys do to the lists on the page. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsOf, lastStep, moveSelection, selectionAfter, shown } from '../../src/console/alerts/alert-list.js';
import { applyToCameras, byNewest, mergeAlertPage, mergeCameras, upsertAlert, upsertAlertPages, type CameraOnPage } from '../../src/console/live/apply-event.js';
import type { Alert } from '../../src/contract/alert.js';
import type { StreamEvent } from '../../src/contract/events.js';

const at = (n: number): string => new Date(1_750_000_000_000 + n * 1000).toISOString();
const alertOf = (id: string, raised: number, version = 1, state: Alert['state'] = 'raised'): Alert => ({
  id, siteId: 's1', cameraId: 'c1', cameraName: 'Gate', kind: 'guard-zone', ruleId: null, ruleName: null, zoneId: null, zoneName: null, placeName: null, state,
  raisedAt: at(raised), lastSeenAt: at(raised), counts: { person: 1 }, pictureId: null, noPictureReason: null, assignee: null, resolveReason: null,
  steps: [{ step: 'raised', at: at(raised), actor: 'hedgerow', note: null }], version,
});
const cameraOf = (id: string, more: Partial<CameraOnPage> = {}): CameraOnPage =>
  ({ id, siteId: 's1', name: id, state: 'good', stateSince: at(0), stateReason: null, newestPictureId: null, newestPictureAt: null, lastFrameAt: null, ...more }) as CameraOnPage;
const event = (type: StreamEvent['type'], data: unknown): StreamEvent => ({ seq: 1, at: at(0), siteId: 's1', type, data }) as StreamEvent;

describe('upsertAlert', () => {
  it('never shows an older version, keeps the order, and holds each alert once, however events come', () => {
    const some = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), version: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 40 }), (events) => {
        const list = events.reduce<readonly Alert[]>((l, e) => upsertAlert(l, alertOf(e.id, e.id.charCodeAt(0), e.version)), []);
        for (const a of list) expect(a.version).toBe(Math.max(...events.filter((e) => e.id === a.id).map((e) => e.version)));
        expect(new Set(list.map((a) => a.id)).size).toBe(list.length);
        expect([...list].sort(byNewest)).toEqual(list);
      }),
    );
  });

  it('keeps an alert on its page and puts a new one on the first', () => {
    const data = { pages: [{ items: [alertOf('b', 2)], nextCursor: 'x' }, { items: [alertOf('a', 1)], nextCursor: null }], pageParams: [null, 'x'] };
    expect(upsertAlertPages(data, alertOf('a', 1, 2)).pages[1]?.items[0]?.version).toBe(2);
    expect(upsertAlertPages(data, alertOf('c', 3)).pages[0]?.items.map((a) => a.id)).toEqual(['c', 'b']);
  });
});

describe('a list that was read while events came in', () => {
  it('keeps newer versions and what was raised meanwhile', () => {
    const held = [alertOf('new', 9), alertOf('b', 2, 3), alertOf('gone', 1)];
    const merged = mergeAlertPage({ items: [alertOf('b', 2, 2), alertOf('c', 3)], nextCursor: null }, held, true);
    expect(merged.items.map((a) => [a.id, a.version])).toEqual([['new', 1], ['c', 1], ['b', 3]]);
  });

  it('keeps newer pictures, states and mask shares of cameras', () => {
    const held = [cameraOf('x', { newestPictureId: 'p2', newestPictureAt: at(5), newestMaskRatio: 0.2, state: 'online', stateSince: at(6) })];
    expect(mergeCameras([cameraOf('x', { newestPictureId: 'p1', newestPictureAt: at(4) })], held)[0]).toMatchObject({ newestPictureId: 'p2', newestMaskRatio: 0.2, state: 'online' });
    const newer = mergeCameras([cameraOf('x', { newestPictureId: 'p3', newestPictureAt: at(8), stateSince: at(9) })], held)[0];
    expect(newer).toMatchObject({ newestPictureId: 'p3', state: 'good' });
    expect(newer?.newestMaskRatio).toBeUndefined();
  });
});

describe('applyToCameras', () => {
  const cameras = [cameraOf('x', { newestPictureAt: at(5), newestPictureId: 'p5' }), cameraOf('y')];

  it('takes a newer picture and not an older one', () => {
    const stored = (id: string, n: number): StreamEvent => event('picture.stored', { id, cameraId: 'x', receivedAt: at(n), maskRatio: 0.3 });
    expect(applyToCameras(cameras, stored('p6', 6))[0]).toMatchObject({ newestPictureId: 'p6', newestMaskRatio: 0.3 });
    expect(applyToCameras(cameras, stored('p4', 4))[0]).toMatchObject({ newestPictureId: 'p5' });
  });

  it('changes one camera and leaves the others the very same', () => {
    const after = applyToCameras(cameras, event('camera.state', { id: 'x', state: 'unreachable', stateReason: 'no answer' }));
    expect(after[0]).toMatchObject({ state: 'unreachable', stateReason: 'no answer' });
    expect(after[1]).toBe(cameras[1]);
  });

  it('drops a removed camera, and returns the same list when nothing changes', () => {
    expect(applyToCameras(cameras, event('camera.removed', { id: 'x' })).map((c) => c.id)).toEqual(['y']);
    expect(applyToCameras(cameras, event('camera.removed', { id: 'z' }))).toBe(cameras);
    expect(applyToCameras(cameras, event('camera.state', { id: 'z' }))).toBe(cameras);
  });
});

describe('the list of alerts', () => {
  const list = [alertOf('c', 3), alertOf('b', 2), alertOf('a', 1, 2, 'resolved')];

  it('shows what is open, or all, of a site or of all', () => {
    expect(shown(list, 'open', null).map((a) => a.id)).toEqual(['c', 'b']);
    expect(shown(list, 'all', 's1')).toHaveLength(3);
    expect(shown(list, 'all', 'other')).toEqual([]);
  });

  it('moves by keys and stops at both ends', () => {
    expect(moveSelection(list, null, 1)).toBe('c');
    expect(moveSelection(list, 'c', 1)).toBe('b');
    expect(moveSelection(list, 'a', 1)).toBe('a');
    expect(moveSelection(list, 'c', -1)).toBe('c');
    expect(moveSelection([], 'c', 1)).toBeNull();
  });

  it('goes on to the next alert when the chosen one leaves', () => {
    expect(selectionAfter(list, [list[0], list[2]] as Alert[], 'b')).toBe('a');
    expect(selectionAfter(list, [list[0]] as Alert[], 'a')).toBe('c');
    expect(selectionAfter(list, [], 'a')).toBeNull();
    expect(selectionAfter(list, list, 'b')).toBe('b');
  });

  it('says classes in a fixed order, without zeros, and who acted last', () => {
    expect(countsOf({ ...alertOf('a', 1), counts: { change: 1, vehicle: 0, person: 2 } })).toEqual([{ class: 'person', count: 2 }, { class: 'change', count: 1 }]);
    expect(lastStep(alertOf('a', 1))).toBeUndefined();
    expect(lastStep({ ...alertOf('a', 1), steps: [...alertOf('a', 1).steps, { step: 'acknowledged', at: at(2), actor: 'li.wei', note: null }] })?.actor).toBe('li.wei');
  });
});
