/** Placing a camera, the site's map and zones, by hand in a real browser against a village behind the API's addresses. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, services } from '../support/services.js';
import { startVillage, type Village } from './console-village.js';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

describe.skipIf(!services.chromium)('placing, map and zones in Chromium (needs chromium)', () => {
  let folder: string;
  let browser: Browser;
  let village: Village;
  let context: BrowserContext;
  const faults: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-place-'));
    await build({ configFile: path.resolve(import.meta.dirname, '../../src/console/vite.config.ts'), logLevel: 'error', build: { outDir: folder } });
    browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await context.close();
    await village.close();
    expect(faults.splice(0), 'errors in the page').toEqual([]);
  });

  async function open(hash: (v: Village) => string, options: { locale?: string; width?: number; touch?: boolean } = {}): Promise<Page> {
    village = await startVillage({ consoleFolder: folder });
    context = await browser.newContext({ locale: options.locale ?? 'en-GB', viewport: { width: options.width ?? 1400, height: 900 }, hasTouch: options.touch === true });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${village.url}/${hash(village)}`);
    return page;
  }

  const sent = (method: string, part: string): unknown[] => village.calls.filter((c) => c.method === method && c.url.includes(part)).map((c) => c.body);
  const value = (page: Page, field: string): Promise<string> => page.getByTestId(`pose-${field}`).inputValue();

  async function centre(target: Locator): Promise<{ x: number; y: number }> {
    await target.waitFor();
    const box = await target.boundingBox();
    if (!box) throw new Error('not on the page');
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }
  async function drag(page: Page, target: Locator, to: { x: number; y: number }): Promise<void> {
    const from = await centre(target);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 3 });
    await page.mouse.move(to.x, to.y, { steps: 3 });
    await page.mouse.up();
  }

  it('turns, opens and moves a camera by its handles, undoes, and saves what changed', async () => {
    const page = await open((v) => `#/cameras/${v.depot.id}`);
    await page.getByTestId('place').click();
    const at = await centre(page.getByTestId('handle-position'));
    // Due east of the camera, then the edge 30° to the right of that.
    await drag(page, page.getByTestId('handle-azimuth'), { x: at.x + 160, y: at.y });
    await expect.poll(async () => Math.abs(Number(await value(page, 'azimuthDeg')) - 90)).toBeLessThan(1);
    await drag(page, page.getByTestId('handle-right'), { x: at.x + 150, y: at.y + 150 * Math.tan(Math.PI / 6) });
    await expect.poll(async () => Math.abs(Number(await value(page, 'horizontalFovDeg')) - 60)).toBeLessThan(2);
    await drag(page, page.getByTestId('handle-position'), { x: at.x - 80, y: at.y - 40 });
    await expect.poll(async () => Number(await value(page, 'longitude'))).toBeLessThan(120.1516);
    await expect.poll(async () => Number(await value(page, 'latitude'))).toBeGreaterThan(30.2474);
    // Each drag was one step; the position goes back, and the camera's handle with it.
    await page.getByTestId('pose-undo').click();
    await expect.poll(() => value(page, 'longitude')).toBe('120.1516');
    await page.keyboard.press('Control+y');
    await expect.poll(() => value(page, 'longitude')).not.toBe('120.1516');
    await page.keyboard.press('Control+z');
    await expect.poll(() => value(page, 'longitude')).toBe('120.1516');
    await page.getByTestId('pose-tiltDeg').fill('35');
    await expect.poll(() => page.getByTestId('reach').textContent()).toContain('Sees the ground from');
    await page.getByTestId('pose-save').click();
    await page.getByTestId('placing').waitFor({ state: 'detached' });
    const [patch] = sent('PATCH', village.depot.id) as Record<string, number>[];
    expect(Object.keys(patch ?? {}).sort()).toEqual(['azimuthDeg', 'horizontalFovDeg', 'tiltDeg']);
    expect(patch?.['tiltDeg']).toBe(35);
    expect(Math.abs((patch?.['azimuthDeg'] ?? 0) - 90)).toBeLessThan(1);
  }, 60_000);

  it('works by keys, takes what the device says, and says what nobody knows', async () => {
    const page = await open((v) => `#/cameras/${v.depot.id}/place`);
    await page.getByTestId('handle-azimuth').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => value(page, 'azimuthDeg')).toBe('311');
    await expect.poll(() => page.getByTestId('handle-azimuth').getAttribute('aria-valuetext')).toBe('311°');
    await page.getByTestId('handle-left').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => value(page, 'horizontalFovDeg')).toBe('89');
    await page.getByTestId('handle-position').focus();
    await page.keyboard.press('Shift+ArrowUp');
    await expect.poll(async () => Math.round((Number(await value(page, 'latitude')) - 30.2474) * 110_852)).toBe(5);
    await page.getByTestId('take-told').click();
    await expect.poll(() => value(page, 'azimuthDeg')).toBe('320');
    await expect.poll(() => value(page, 'mountHeightM')).toBe('5.2');
    await expect.poll(() => page.getByTestId('take-told').count()).toBe(0);
    await page.getByTestId('pose-tiltDeg').fill('');
    await expect.poll(() => page.getByTestId('pose-missing').textContent()).toContain('Not known yet: tilt');
    await page.getByTestId('pose-undo').click();
    await expect.poll(() => page.getByTestId('pose-missing').count()).toBe(0);
  }, 60_000);

  it('puts a camera without a position where the map is clicked', async () => {
    const page = await open((v) => `#/cameras/${v.cameras[4]?.id}/place`);
    await page.getByTestId('place-middle').waitFor();
    const box = await page.getByTestId('placing-map').boundingBox();
    if (!box) throw new Error('no map');
    await page.mouse.click(box.x + box.width * 0.5, box.y + box.height * 0.6);
    await page.getByTestId('handle-position').waitFor();
    await expect.poll(async () => Number(await value(page, 'longitude'))).toBeGreaterThan(120.14);
    await page.getByTestId('pose-undo').click();
    await page.getByTestId('place-middle').click();
    await page.getByTestId('pose-save').click();
    await page.getByTestId('placing').waitFor({ state: 'detached' });
    expect(Object.keys((sent('PATCH', '/cameras/')[0] ?? {})).sort()).toEqual(['latitude', 'longitude']);
  }, 60_000);

  it('draws the features with a legend, imports a file after a dry run, and points at the bad vertex', async () => {
    const page = await open(() => '#/map');
    await expect.poll(() => page.locator('path.feature-dwelling[aria-label]').count()).toBe(2);
    await expect.poll(() => page.locator('path.map-cone').count()).toBe(5);
    await expect.poll(() => page.locator('path.feature-prohibited[fill="url(#hatch-prohibited)"]').count()).toBe(1);
    await page.locator('path.feature-dwelling[aria-label]').first().focus();
    await expect.poll(() => page.locator('.leaflet-tooltip').textContent()).toContain('Wu house · Dwelling');
    await page.getByTestId('layer-dwelling').uncheck();
    await expect.poll(() => page.locator('path.feature-dwelling[aria-label]').count()).toBe(0);
    await page.getByTestId('layer-dwelling').check();
    expect(await page.getByTestId('map-export').getAttribute('href')).toMatch(/\/api\/v1\/sites\/[\w-]+\/map$/);
    const ring = [[120.151, 30.249], [120.1514, 30.2494], [120.1514, 30.249], [120.151, 30.2494], [120.151, 30.249]];
    const file = { type: 'FeatureCollection', features: [{ geometry: { type: 'LineString', coordinates: [[120.1501, 30.2487], [120.1502, 30.2485]] } }, {}, { geometry: { type: 'Polygon', coordinates: [ring] } }] };
    await page.getByTestId('map-file').setInputFiles({ name: 'site.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(JSON.stringify(file)) });
    await expect.poll(() => page.locator('[data-testid=map-verdict][data-verdict=bad]').textContent()).toContain('vertex 3: the outline crosses itself here');
    await expect.poll(() => page.locator('path.preview-bad').count()).toBe(1);
    await page.getByTestId('map-problem').click();
    await page.locator('path.preview-chosen').waitFor({ state: 'attached' });
    await page.getByTestId('map-apply').click();
    await page.getByTestId('map-report').waitFor({ state: 'detached' });
    await expect.poll(() => page.getByTestId('feature-list').textContent()).toContain('West lane');
    expect(village.calls.filter((c) => c.method === 'POST' && c.url.includes('/map')).map((c) => new URL(c.url, village.url).search)).toEqual(['?dryRun=true&skipBad=false&replace=false', '?dryRun=false&skipBad=true&replace=false']);
  }, 60_000);

  it('changes the shape of a zone by its corners, warns of a crossing, and patches it', async () => {
    const page = await open((v) => `#/cameras/${v.pump.id}`);
    const door = page.getByTestId('zone-row').filter({ hasText: 'Door' });
    await door.getByTestId('zone-edit').click();
    await expect.poll(() => page.getByTestId('corner').count()).toBe(4);
    const canvas = await page.getByTestId('zone-canvas').boundingBox();
    if (!canvas) throw new Error('no canvas');
    const spot = (x: number, y: number) => ({ x: canvas.x + canvas.width * x, y: canvas.y + canvas.height * y });
    await drag(page, page.getByTestId('corner').nth(0), spot(0.5, 0.5));
    await expect.poll(() => page.getByTestId('zone-status').textContent()).toContain('crosses itself');
    expect(await page.getByTestId('zone-save').isDisabled()).toBe(true);
    await page.getByTestId('zone-undo').click();
    await expect.poll(() => page.getByTestId('zone-status').textContent()).toContain('4 corners');
    // Near the left edge it lies on the edge; a corner more in the middle of the first side.
    await drag(page, page.getByTestId('corner').nth(0), spot(0.006, 0.2));
    await drag(page, page.getByTestId('corner-add').nth(0), spot(0.2, 0.1));
    await expect.poll(() => page.getByTestId('corner').count()).toBe(5);
    await page.getByTestId('corner').nth(2).focus();
    await page.keyboard.press('Delete');
    await expect.poll(() => page.getByTestId('corner').count()).toBe(4);
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.getByTestId('corner').count()).toBe(5);
    await page.getByTestId('zone-redo').click();
    await expect.poll(() => page.getByTestId('corner').count()).toBe(4);
    await page.getByTestId('zone-save').click();
    await page.getByTestId('zone-form').waitFor({ state: 'detached' });
    const [patch] = sent('PATCH', '/zones/') as { polygon: [number, number][] }[];
    expect(Object.keys(patch ?? {})).toEqual(['polygon']);
    expect(patch?.polygon[0]?.[0]).toBe(0);
    expect(patch?.polygon[1]?.[0]).toBeCloseTo(0.2, 2);
    expect(patch?.polygon[2]).toEqual([0.34, 0.62]);
  }, 60_000);

  it('draws a privacy zone by keys on an empty grid, and asks to confirm a moved view', async () => {
    const page = await open((v) => `#/cameras/${v.cameras[3]?.id}`);
    await expect.poll(() => page.getByTestId('view-note').textContent()).toContain('moved or replaced');
    await expect.poll(() => page.getByTestId('confirm-view').count()).toBe(1);
    await page.getByTestId('draw-zone').click();
    await page.getByTestId('zone-grid').waitFor();
    await page.getByTestId('zone-canvas').focus();
    for (const keys of [['Space'], ['Shift+ArrowRight', 'Shift+ArrowRight', 'Space'], ['Shift+ArrowDown', 'Shift+ArrowDown', 'Space'], ['Enter']]) for (const key of keys) await page.keyboard.press(key);
    await expect.poll(() => page.getByTestId('zone-kind').inputValue()).toBe('privacy');
    expect(await page.getByTestId('zone-kind').locator('option:disabled').count()).toBe(2);
    await page.getByTestId('zone-name').fill('Windows');
    await page.getByTestId('zone-save').click();
    await page.getByTestId('zone-row').filter({ hasText: 'Windows' }).waitFor();
    expect(sent('POST', '/zones')[0]).toMatchObject({ kind: 'privacy', placeId: null, polygon: [[0.5, 0.5], [0.6, 0.5], [0.6, 0.6]] });
    await page.getByTestId('view-note').getByTestId('confirm-view').click();
    await page.getByTestId('confirm-yes').click();
    await page.getByTestId('view-note').waitFor({ state: 'detached' });
  }, 60_000);

  it('speaks Chinese and fits a phone, where fingers turn the cone', async () => {
    const page = await open((v) => `#/cameras/${v.depot.id}/place`, { locale: 'zh-CN', width: 390, touch: true });
    const at = await centre(page.getByTestId('handle-position'));
    await expect.poll(() => page.getByTestId('told').textContent()).toContain('采用设备数值');
    const tip = await centre(page.getByTestId('handle-azimuth'));
    const touch = await context.newCDPSession(page);
    const point = (type: 'touchStart' | 'touchMove' | 'touchEnd', x?: number, y?: number) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: x === undefined || y === undefined ? [] : [{ x, y }] });
    await point('touchStart', tip.x, tip.y);
    for (const step of [0.5, 1]) await point('touchMove', tip.x + (at.x - tip.x) * step, tip.y + (at.y - 120 - tip.y) * step);
    await point('touchEnd');
    await expect.poll(async () => Math.min(Number(await value(page, 'azimuthDeg')), 360 - Number(await value(page, 'azimuthDeg')))).toBeLessThan(2);
    for (const hash of [`#/cameras/${village.depot.id}/place`, '#/map', `#/cameras/${village.pump.id}`]) {
      await page.goto(`${village.url}/${hash}`);
      await page.locator('main').waitFor();
      if (hash.endsWith(village.pump.id)) await page.getByTestId('zone-edit').first().click();
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), { message: hash }).toBe(0);
    }
    await expect.poll(() => page.getByTestId('zone-status').textContent()).toContain('个角点');
  }, 60_000);
});
