/** The reel of an alert and the live masked view, in a real browser against a village behind the API's addresses. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { services } from '../support/services.js';
import { consoleBrowser } from './console-browser.js';

describe.skipIf(!services.chromium)('reels and the live view in Chromium (needs chromium)', () => {
  const { open, village } = consoleBrowser();
  const line = (page: Page): Promise<void> => page.locator('[data-testid=line][data-state=open]').waitFor();
  const at = async (page: Page): Promise<number> => Number(await page.getByTestId('reel').getAttribute('data-at'));
  const reads = (): number => village().calls.filter((c) => c.url.endsWith('/file')).length;
  const isEmpty = (canvas: unknown): boolean => {
    const surface = canvas as { width: number; height: number; getContext(kind: '2d'): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } } };
    return surface.getContext('2d').getImageData(0, 0, surface.width, surface.height).data.every((byte) => byte === 0);
  };
  /** The n of the n-th drawn picture that the video shows: the white bar at its lower edge. */
  const drawn = (page: Page): Promise<number> =>
    page.evaluate<number>(`(() => {
      const video = document.querySelector('video');
      const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
      const context = canvas.getContext('2d');
      context.drawImage(video, 0, 0, 320, 180);
      const row = context.getImageData(0, 176, 320, 1).data;
      let px = 0;
      while (px < 320 && row[px * 4] > 200 && row[px * 4 + 2] > 220) px += 1;
      return Math.round((px * 60) / 320);
    })()`);

  it('says that a reel is being recorded, becomes the player by the event, and reads nothing before somebody asks', async () => {
    const page = await open();
    await line(page);
    const raised = village().raise(village().pump);
    await page.goto(`${village().url}/#/alerts/${raised.id}`);
    await expect.poll(() => page.getByTestId('reel-wait').textContent()).toMatch(/Being recorded: ready in \d+ s/);
    village().storeReel(raised);
    await page.getByTestId('reel-video').waitFor();
    await expect.poll(() => page.getByTestId('reel-spoken').textContent()).toBe('The reel is ready');
    expect(await page.getByTestId('reel-ends').textContent()).toBe('10 s before20 s after');
    expect(await page.getByTestId('reel-gaps').textContent()).toContain('No picture from 12 s after to 15 s after: Too much of the view changed at once.');
    expect(await page.getByTestId('reel-moment').getAttribute('style')).toContain('left: 33.3');
    expect(reads()).toBe(0);
  });

  it('plays by Space, steps by picture over a gap, and is told in words', async () => {
    const page = await open();
    const alert = village().alerts[2];
    if (!alert) throw new Error('no alert');
    await page.goto(`${village().url}/#/alerts/${alert.id}`);
    const video = page.getByTestId('reel-video');
    await video.waitFor();
    expect(await video.getAttribute('poster')).toContain(alert.pictureId);
    expect([await video.getAttribute('loop'), await video.getAttribute('autoplay')]).toEqual([null, null]);
    await video.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => at(page)).toBe(10_500);
    await expect.poll(() => drawn(page)).toBe(22);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => drawn(page)).toBe(20);
    await expect.poll(() => page.getByTestId('reel-where').textContent()).toContain('0.5 s before · ');
    await page.keyboard.press('End');
    await expect.poll(() => drawn(page)).toBe(60);
    await page.keyboard.press('Home');
    await expect.poll(() => at(page)).toBe(0);
    await page.keyboard.press('Space');
    await expect.poll(() => at(page), { timeout: 15_000 }).toBeGreaterThan(400);
    await page.keyboard.press('Space');
    expect(await video.evaluate((v) => (v as unknown as { paused: boolean }).paused)).toBe(true);

    await page.keyboard.press('Tab');
    const track = page.getByTestId('reel-track');
    for (let i = 0; i < 9 && (await page.locator('[data-testid=reel-track]:focus').count()) === 0; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('End');
    for (let i = 0; i < 9; i++) await page.keyboard.press('ArrowLeft');
    await expect.poll(() => track.getAttribute('aria-valuetext')).toBe('15 s after, picture 46 of 55');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => track.getAttribute('aria-valuetext')).toBe('12 s after, picture 45 of 55');
    const box = await track.boundingBox();
    if (!box) throw new Error('no track');
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(() => at(page)).toBe(15_000);
    expect(await page.getByTestId('reel-download').getAttribute('download')).toMatch(/^Depot-yard-[\d-]+Z\.webm$/);
    expect(await page.getByTestId('picture-shares').textContent()).toBe('14% painted out, 1% never seen empty');
  });

  it('says why there is no reel, and offers an auditor no young one', async () => {
    const page = await open({ grants: [{ role: 'auditor', siteId: null }] });
    const [young, old] = village().alerts;
    if (!young || !old) throw new Error('no alerts');
    Object.assign(old, { raisedAt: new Date(Date.now() - 3_600_000).toISOString() });
    await page.goto(`${village().url}/#/alerts/${young.id}`);
    await expect.poll(() => page.getByTestId('reel-wait').textContent()).toContain('No reel: Opens to auditors a quarter of an hour after');
    expect(village().calls.some((c) => c.url.includes(`${young.id}/reel`))).toBe(false);
    await page.goto(`${village().url}/#/alerts/${old.id}`);
    await expect.poll(() => page.getByTestId('reel-wait').textContent()).toContain('No reel: The camera was moved: its zones must be confirmed first.');
    await page.goto(`${village().url}/#/cameras/${village().pump.id}`);
    await page.getByTestId('strip').waitFor();
    expect(await page.getByTestId('live-start').count()).toBe(0);
  });

  it('shows live masked pictures, never an old one as live, and takes the picture away when it is withheld', async () => {
    const page = await open({ hash: '#/' });
    const { pump, showLive, withholdLive, cutLive, liveViewers } = village();
    Object.assign(pump, { sampleIntervalMs: 700 });
    await page.goto(`${village().url}/#/cameras/${pump.id}`);
    await page.getByTestId('live-start').click();
    await expect.poll(() => liveViewers(pump.id)).toBe(1);
    await expect.poll(() => page.getByTestId('live-none').textContent()).toContain('Waiting for a picture');
    await expect.poll(() => page.getByTestId('live-bar').textContent()).toContain('That you look is recorded in the ledger');
    await showLive(pump.id, 1);
    await expect.poll(() => page.getByTestId('live-sign').textContent()).toMatch(/^Live · [01] s old$/);
    await showLive(pump.id, 2);
    await expect.poll(() => page.getByTestId('live-masked').textContent()).toBe('14% painted out');
    await page.locator('[data-testid=live-picture][data-old=true]').waitFor();
    await expect.poll(() => page.getByTestId('live-sign').textContent()).toMatch(/^Not live: this picture is \d s old$/);
    expect(await page.getByTestId('live-canvas').evaluate((c) => (globalThis as unknown as { getComputedStyle(e: unknown): { filter: string } }).getComputedStyle(c).filter)).toContain('grayscale(1)');
    await showLive(pump.id, 0, 60_000);
    await expect.poll(() => page.getByTestId('live-sign').textContent()).toMatch(/this picture is (59|6\d) s old/);

    withholdLive(pump.id, 'detector-failed');
    await expect.poll(() => page.getByTestId('live-none').textContent()).toContain('The site requires a detector, and it does not work.');
    expect(await page.getByTestId('live-canvas').isVisible()).toBe(false);
    expect(await page.getByTestId('live-canvas').evaluate(isEmpty)).toBe(true);
    cutLive();
    await expect.poll(() => page.getByTestId('live-none').textContent()).toContain('The live view is interrupted');
    await expect.poll(() => liveViewers(pump.id)).toBe(1);
    await showLive(pump.id, 1);
    await page.locator('[data-testid=live-picture][data-old=false]').getByTestId('live-canvas').waitFor();
    await page.getByTestId('strip').getByRole('button').first().click();
    await expect.poll(() => liveViewers(pump.id)).toBe(0);
    await page.getByTestId('live-start').click();
    await expect.poll(() => liveViewers(pump.id)).toBe(1);
    await page.goto(`${village().url}/#/`);
    await expect.poll(() => liveViewers(pump.id)).toBe(0);
  });

  it('says in words that it may not look', async () => {
    const page = await open();
    village().refuseLive(403, 'auth.forbidden', 'Your role does not see this site live.');
    await page.goto(`${village().url}/#/cameras/${village().pump.id}`);
    await page.getByTestId('live-start').click();
    await expect.poll(() => page.getByTestId('live-none').textContent()).toBe('No live viewYour role does not see this site live.');
    await page.waitForTimeout(1_200);
    expect(village().calls.filter((c) => c.url.endsWith('/live')).length).toBe(1);
    await page.getByTestId('live-stop').click();
    await page.getByTestId('camera-picture').waitFor();
  });

  it('ends when nobody could see the page for half a minute', async () => {
    const page = await open();
    const { pump, showLive, liveViewers } = village();
    await page.clock.install();
    await page.goto(`${village().url}/#/cameras/${pump.id}`);
    await page.getByTestId('live-start').click();
    await expect.poll(() => liveViewers(pump.id)).toBe(1);
    await showLive(pump.id, 1);
    await page.getByTestId('live-sign').waitFor();
    const see = (state: string): Promise<unknown> => page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`);
    await see('hidden');
    await page.clock.fastForward(15_000);
    await see('visible');
    await page.clock.fastForward(10_000);
    expect(liveViewers(pump.id)).toBe(1);
    await see('hidden');
    await page.clock.fastForward(31_000);
    await expect.poll(() => liveViewers(pump.id)).toBe(0);
    await expect.poll(() => page.getByTestId('live-ended').textContent()).toContain('for half a minute nobody could see this page');
    await page.getByTestId('camera-picture').waitFor();
  });

  it('gives every picture back: five hundred of them, two decoded at most, no address of one', async () => {
    const page = await open();
    const { pump, showLive, liveViewers } = village();
    await page.evaluate(`
      const count = (globalThis.pictureCount = { alive: 0, most: 0, made: 0, urls: 0 });
      const make = globalThis.createImageBitmap;
      globalThis.createImageBitmap = async (...rest) => {
        const bitmap = await make(...rest);
        const close = bitmap.close.bind(bitmap);
        count.made += 1;
        count.most = Math.max(count.most, ++count.alive);
        bitmap.close = () => { count.alive -= 1; close(); };
        return bitmap;
      };
      const address = URL.createObjectURL, revoke = URL.revokeObjectURL;
      URL.createObjectURL = (b) => { count.urls += 1; return address.call(URL, b); };
      URL.revokeObjectURL = (u) => { count.urls -= 1; revoke.call(URL, u); };
    `);
    await page.evaluate(`location.hash = '#/cameras/${pump.id}'`);
    await page.getByTestId('live-start').click();
    await expect.poll(() => liveViewers(pump.id)).toBe(1);
    const count = (): Promise<{ alive: number; most: number; made: number; urls: number }> => page.evaluate('({ ...pictureCount })');
    const before = await count();
    for (let batch = 0; batch < 20; batch++) {
      const { made } = await count();
      for (let n = 0; n < 25; n++) await showLive(pump.id, n % 3);
      await expect.poll(async () => (await count()).made).toBeGreaterThan(made);
    }
    await expect.poll(async () => (await count()).alive).toBe(0);
    const after = await count();
    expect(after.most).toBeLessThanOrEqual(2);
    expect(after.urls).toBeLessThanOrEqual(Math.max(2, before.urls));
    await page.getByTestId('live-stop').click();
  });

  it('fits a narrow screen, in Chinese too', async () => {
    const page = await open({ locale: 'zh-CN', width: 400 });
    const alert = village().alerts[2];
    await page.goto(`${village().url}/#/alerts/${alert?.id}`);
    await page.getByTestId('reel-video').waitFor();
    expect(await page.getByTestId('reel-ends').textContent()).toBe('之前 10 秒之后 20 秒');
    expect(await page.evaluate("(d => d.scrollWidth - d.clientWidth)(document.querySelector('dialog'))")).toBe(0);
    await page.goto(`${village().url}/#/cameras/${village().pump.id}`);
    await page.getByTestId('live-start').click();
    await expect.poll(() => village().liveViewers(village().pump.id)).toBe(1);
    await village().showLive(village().pump.id, 1);
    await expect.poll(() => page.getByTestId('live-sign').textContent()).toMatch(/^实时 · \d 秒前$/);
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
  });
});
