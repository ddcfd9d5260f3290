/** The built console in a real browser against a village behind the API's addresses. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { services } from '../support/services.js';
import { consoleBrowser } from './console-browser.js';

describe.skipIf(!services.chromium)('the console in Chromium (needs chromium)', () => {
  const { open, posts, village } = consoleBrowser();
  const live = (page: Page): Promise<void> => page.locator('[data-testid=line][data-state=open]').waitFor();

  it('logs in by name and password, and out', async () => {
    const page = await open({ signedIn: false });
    await page.getByTestId('login-name').fill('zhang.min');
    await page.getByTestId('login-password').fill('wrong');
    await page.getByTestId('login-submit').click();
    await expect.poll(() => page.getByTestId('problem').textContent()).toContain('The name, password, token or link is wrong or has expired');
    await page.getByTestId('login-password').fill('correct horse');
    await page.keyboard.press('Enter');
    await page.getByTestId('camera-card').first().waitFor();
    await page.getByTestId('sign-out').click();
    await page.getByTestId('login').waitFor();
  });

  it('redeems a one-time link and takes it out of the address', async () => {
    const page = await open({ signedIn: false, hash: '#link=once-only' });
    await page.getByTestId('camera-card').first().waitFor();
    expect(page.url()).not.toContain('once-only');
    expect(posts('/session/link')).toHaveLength(1);
  });

  it('says why a used link does not work', async () => {
    const page = await open({ signedIn: false, hash: '#link=used' });
    await expect.poll(() => page.getByTestId('problem').textContent()).toContain('The link was used already.');
    expect(page.url()).not.toContain('used');
  });

  it('shows each camera with state, reason, picture or why there is none, mask share and detector', async () => {
    const page = await open();
    const card = (name: string) => page.getByTestId('camera-card').filter({ hasText: name });
    await card('Pump station gate').getByTestId('camera-picture').waitFor();
    await expect.poll(() => card('Pump station gate').getByTestId('mask-share').textContent()).toContain('4% masked');
    await expect.poll(() => card('Depot yard').textContent()).toContain('Change mask alone');
    await expect.poll(() => card('Depot yard').getByTestId('camera-reason').textContent()).toContain('41 s behind');
    await expect.poll(() => card('North bridge').getByTestId('no-picture').textContent()).toContain('Learning the empty scene');
    await expect.poll(() => card('Substation').getByTestId('camera-state').textContent()).toBe('Unreachable');
    await card('School gate').getByTestId('confirm-view').click();
    await page.getByTestId('confirm-yes').click();
    await card('School gate').getByText('Learning the empty scene').waitFor();
    await expect.poll(() => page.locator('.map-camera').count()).toBe(5);
  });

  it('renews a picture when one is stored, and not more often than every two seconds', async () => {
    const page = await open();
    await live(page);
    const card = page.getByTestId('camera-card').filter({ hasText: 'Pump station gate' });
    const first = await card.getByTestId('camera-picture').getAttribute('src');
    for (let i = 0; i < 5; i++) await village().storePicture(village().pump, 2);
    await expect.poll(() => card.getByTestId('camera-picture').getAttribute('src'), { timeout: 6_000 }).not.toBe(first);
    await expect.poll(() => card.getByTestId('mask-share').textContent()).toContain('14% masked');
    expect(village().calls.filter((c) => c.url.includes(`${village().pump.id}/pictures/newest`)).length).toBeLessThanOrEqual(2);
  });

  it('takes alerts live, counts them in the title, and handles them by keys alone', async () => {
    const page = await open();
    await live(page);
    expect(await page.title()).toContain('(2)');
    const raised = village().raise(village().pump, { counts: { person: 2, vehicle: 1 } });
    const row = page.locator(`[data-alert="${raised.id}"]`);
    await row.waitFor();
    expect(await page.getByTestId('alert-row').first().getAttribute('data-alert')).toBe(raised.id);
    await expect.poll(() => row.textContent()).toContain('2 persons');
    await expect.poll(() => page.getByTestId('spoken').textContent()).toContain('New alert: 2 persons, 1 vehicle, Door · East pump station');
    await expect.poll(() => page.title()).toContain('(3)');
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    await row.locator('[data-state=acknowledged]').waitFor();
    await page.keyboard.press('r');
    await page.getByTestId('resolve-reason').selectOption('expected');
    await page.getByTestId('note').fill('Maintenance crew, announced');
    await page.getByTestId('resolve-submit').click();
    await row.waitFor({ state: 'detached' });
    expect(posts(raised.id).map((c) => c.body)).toEqual([{ version: 1 }, { reason: 'expected', note: 'Maintenance crew, announced', version: 2 }]);
    await expect.poll(() => page.title()).toContain('(2)');
    await page.keyboard.press('?');
    await page.getByTestId('help').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('help').waitFor({ state: 'detached' });
  });

  it('says who was first when two operators act', async () => {
    const page = await open();
    await live(page);
    const alert = village().alerts[0];
    if (!alert) throw new Error('no alert');
    village().otherOperator(alert.id);
    await page.locator(`[data-alert="${alert.id}"]`).getByTestId('acknowledge').click();
    await expect.poll(() => page.getByTestId('notice').textContent()).toMatch(/li\.wei was first: Acknowledged at \d\d:\d\d:\d\d/);
    await page.locator(`[data-alert="${alert.id}"] [data-state=acknowledged]`).waitFor();
  });

  it('says since when the line is lost, comes back with the last event, and has caught up', async () => {
    const page = await open();
    await live(page);
    village().raise(village().pump);
    await page.getByTestId('alert-row').nth(3).waitFor();
    village().setDown(true);
    await page.getByTestId('banner-lost').waitFor();
    const missed = village().raise(village().depot, { counts: { animal: 1 } });
    village().setDown(false);
    await page.getByTestId('banner-caught-up').waitFor({ timeout: 20_000 });
    await expect.poll(() => page.getByTestId('banner-caught-up').textContent()).toMatch(/Was away from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d/);
    await page.locator(`[data-alert="${missed.id}"]`).waitFor();
    expect(village().calls.filter((c) => c.url.endsWith('/events')).at(-1)?.lastEventId).toBe('101');
  });

  it('climbs the ladder, draws a guard zone on the picture, and takes one away', async () => {
    const page = await open();
    await page.getByTestId('camera-card').filter({ hasText: 'Pump station gate' }).getByTestId('camera-link').click();
    await page.getByTestId('camera-page').getByTestId('camera-picture').waitFor();
    await page.getByTestId('probe').click();
    await page.locator('[data-testid=rung-keyframe][data-status=pass]').waitFor();
    await page.getByTestId('draw-zone').click();
    const canvas = page.getByTestId('zone-canvas');
    const box = await canvas.boundingBox();
    if (!box) throw new Error('no canvas');
    for (const [x, y] of [[0.4, 0.4], [0.6, 0.4], [0.9, 0.9], [0.6, 0.7], [0.4, 0.7]] as const) await canvas.click({ position: { x: box.width * x, y: box.height * y } });
    for (let i = 0; i < 3; i++) await page.getByTestId('zone-undo').click();
    for (const [x, y] of [[0.6, 0.7], [0.4, 0.7]] as const) await canvas.click({ position: { x: box.width * x, y: box.height * y } });
    await page.getByTestId('zone-finish').click();
    await page.getByTestId('zone-name').fill('Path');
    expect(await page.getByTestId('zone-place').locator('option', { hasText: 'Old temple' }).isDisabled()).toBe(true);
    await page.getByTestId('zone-place').selectOption({ label: 'East pump station · Pump station' });
    await page.getByTestId('zone-save').click();
    await page.getByTestId('zone-row').filter({ hasText: 'Path' }).waitFor();
    const sent = posts('/zones')[0]?.body as { polygon: [number, number][]; kind: string };
    expect(sent.kind).toBe('guard');
    for (const [i, expected] of [[0.4, 0.4], [0.6, 0.4], [0.6, 0.7], [0.4, 0.7]].entries()) {
      expect(sent.polygon[i]?.[0]).toBeCloseTo(expected[0] ?? 0, 2);
      expect(sent.polygon[i]?.[1]).toBeCloseTo(expected[1] ?? 0, 2);
    }
    await page.getByTestId('zone-row').filter({ hasText: 'Path' }).getByTestId('zone-remove').click();
    await page.getByTestId('confirm-yes').click();
    await page.getByTestId('zone-row').filter({ hasText: 'Path' }).waitFor({ state: 'detached' });
  });

  it('finds a camera, fills the form, and shows what the API refuses', async () => {
    const page = await open({ hash: '#/setup/find' });
    await page.getByTestId('find').click();
    const found = page.getByTestId('found').getByTestId('found-row');
    await expect.poll(() => found.count()).toBe(3);
    await found.first().getByTestId('found-add').click();
    await expect.poll(() => page.getByTestId('camera-address').inputValue()).toBe('http://192.168.1.90/onvif/device_service');
    await page.getByTestId('camera-purpose').fill('security');
    await page.getByTestId('camera-owner').fill('Village committee');
    await page.getByTestId('camera-legal').fill('Decision 2026-14');
    await page.getByTestId('camera-save').click();
    await expect.poll(() => page.getByTestId('problem').textContent()).toContain('purpose: is not specific enough');
    await page.getByTestId('camera-purpose').fill('Guards the weir gate against tampering');
    await page.getByTestId('camera-save').click();
    await page.getByTestId('camera-form').waitFor({ state: 'detached' });
    await expect.poll(() => found.first().getByTestId('found-add').count()).toBe(0);
  });

  it('tries a table first and imports the good rows when asked', async () => {
    const page = await open({ hash: '#/setup/import' });
    await page.getByTestId('csv-file').setInputFiles({ name: 'cameras.csv', mimeType: 'text/csv', buffer: Buffer.from('name,address\n') });
    await page.locator('[data-testid=import-report][data-applied=false]').waitFor();
    await expect.poll(() => page.locator('[data-verdict=bad]').textContent()).toContain('31.12.27 is not a date');
    await page.getByTestId('import-good').click();
    await page.locator('[data-testid=import-report][data-applied=true]').waitFor();
    expect(posts('/cameras/import').map((c) => new URL(c.url, village().url).search)).toEqual([
      expect.stringContaining('dryRun=true&skipBad=false'),
      expect.stringContaining('dryRun=false&skipBad=true'),
    ]);
  });

  it('shows an auditor stored evidence only, and offers nothing that would be refused', async () => {
    const page = await open({ grants: [{ role: 'auditor', siteId: null }] });
    await page.getByTestId('alert-row').first().waitFor();
    await expect.poll(() => page.getByTestId('no-picture').first().textContent()).toContain('Stored evidence only');
    await expect.poll(() => page.getByTestId('acknowledge').count()).toBe(0);
    await page.getByTestId('camera-link').first().click();
    await page.getByTestId('strip').getByText('Opens to auditors a quarter of an hour after it was taken.').first().waitFor();
    expect(village().calls.some((c) => c.url.endsWith('/image') && !c.url.includes(village().alerts[2]?.pictureId ?? '-'))).toBe(false);
    await expect.poll(() => page.getByTestId('draw-zone').count()).toBe(0);
    await expect.poll(() => page.getByTestId('edit').count()).toBe(0);
    expect(village().calls.some((c) => c.url.includes('/pictures/newest'))).toBe(false);
  });

  it('speaks Chinese, on a narrow screen, without a sideways scroll', async () => {
    const page = await open({ locale: 'zh-CN', width: 400 });
    await page.getByTestId('pane-alerts').click();
    await expect.poll(() => page.getByTestId('alert-row').first().textContent()).toContain('1 人');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    for (const hash of ['#/', `#/cameras/${village().pump.id}`, '#/setup/cameras', '#/setup/schedules', '#/setup/deliveries', '#/setup/rules']) {
      await page.goto(`${village().url}/${hash}`);
      await page.locator('main').waitFor();
      await page.waitForTimeout(150);
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), hash).toBe(0);
    }
    await page.getByTestId('language').click();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
  });
});
