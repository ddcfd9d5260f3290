/** Bringing cameras in by the page alone: found, added together, climbed, commissioned, printed, changed. */
import { describe, expect, it } from 'vitest';
import { services } from '../support/services.js';
import { consoleBrowser } from './console-browser.js';

describe.skipIf(!services.chromium)('bringing cameras in by the page (needs chromium)', () => {
  const { open, posts, village } = consoleBrowser();

  it('says what is asked while it asks, shows announced devices, and adds all new ones together', async () => {
    const page = await open({ hash: '#/setup/find' });
    await page.getByTestId('announced').getByText('Late one').waitFor();
    await page.getByTestId('find-sweep').fill('192.168.7.0/24');
    await page.getByTestId('find').click();
    await page.getByTestId('scanning').getByText('eth0 (192.168.1.0/24)').waitFor();
    await expect.poll(() => page.getByTestId('scanning').textContent()).toContain('docker0 (container bridge)');
    expect((posts('/discovery')[0]?.body as { sweep: string[] }).sweep).toEqual(['192.168.7.0/24']);
    await page.getByTestId('find-add-all').click();
    await page.getByTestId('found-purpose').fill('Guards the weir gate against tampering');
    await page.getByTestId('found-owner').fill('Village committee');
    await page.getByTestId('found-legal').fill('Decision 2026-14');
    await page.getByTestId('found-save').click();
    await page.getByTestId('onboard-group').first().waitFor();
    const sent = posts('/cameras/import')[0]?.body as { name: string; address: string; purpose: string; siteId?: string }[];
    // Two that tell the same name are told apart by their host.
    expect(sent).toMatchObject([
      { name: 'IPC-B120 192.168.1.90', address: 'http://192.168.1.90/onvif/device_service', purpose: 'Guards the weir gate against tampering' },
      { name: 'IPC-B120 192.168.1.91', address: 'http://192.168.1.91/onvif/device_service' },
    ]);
  });

  it('groups cameras by what keeps them, climbs all, and commissions those that came up', async () => {
    const page = await open({ hash: '#/setup/onboard' });
    const failed = page.locator('[data-group="failed auth"]');
    await failed.getByText('401 NotAuthorized').waitFor();
    await failed.getByText('Check user name and password on the camera').waitFor();
    await page.getByTestId('probe-all').click();
    await expect.poll(() => page.locator('[data-group^="failed"]').count()).toBe(0);
    const ready = page.locator('[data-group=ready]');
    const count = village().cameras.length;
    await expect.poll(() => ready.getByTestId('onboard-row').count()).toBe(count);
    await ready.getByTestId('group-run').click();
    await expect.poll(() => page.locator('[data-group=refused]').getByTestId('onboard-row').count()).toBe(count);
    expect(posts('/commission')).toHaveLength(count);
  });

  it('runs the checklist on the camera’s page, tests the button, and prints both with a code', async () => {
    const page = await open({ hash: '#/' });
    await page.getByTestId('camera-card').filter({ hasText: 'Pump station gate' }).getByTestId('camera-link').click();
    await page.getByTestId('commission').click();
    await page.locator('[data-testid=commission-verdict][data-verdict=refused]').waitFor();
    await expect.poll(() => page.getByTestId('check-recognition').textContent()).toContain('Switch the rule off in the camera');
    await page.locator('[data-testid=check-recorder][data-status=unverified]').waitFor();
    await page.getByTestId('press-test').click();
    await page.locator('[data-testid=press-result][data-status=seen]').waitFor();
    await page.goto(`${village().url}/#/print/${village().pump.siteId}`);
    await page.getByTestId('print-camera').getByText('Not commissioned').waitFor();
    await expect.poll(() => page.getByTestId('label').count()).toBe(village().cameras.length);
    await page.getByTestId('print-base').fill('https://hedgerow.example/');
    const label = page.getByTestId('label').filter({ hasText: 'Pump station gate' }).locator('img');
    await expect.poll(() => label.evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth > 0)).toBe(true);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByTestId('print-now').isVisible()).toBe(false);
    expect(await page.locator('header.bar').isVisible()).toBe(false);
  });

  it('keeps a credential set without ever showing its password, and changes passwords after a question', async () => {
    const page = await open({ hash: '#/setup/credentials' });
    await page.getByTestId('set-name').fill('Installer');
    await page.getByTestId('set-username').fill('operator');
    await page.getByTestId('set-password').fill('not-for-showing');
    await page.getByTestId('set-save').click();
    await page.getByTestId('set-row').getByText('Installer').waitFor();
    expect(await page.content()).not.toContain('not-for-showing');
    await page.getByTestId('rotate-username').fill('operator');
    await page.getByTestId('rotate-start').click();
    expect(posts('/rotations')).toHaveLength(0);
    await page.getByTestId('confirm-yes').click();
    await page.getByTestId('rotation').getByText('rolled back').waitFor();
    expect(posts('/rotations')[0]?.body).toMatchObject({ username: 'operator', password: null });
    await page.getByTestId('set-remove').click();
    await page.getByTestId('confirm-yes').click();
    await page.getByTestId('set-row').waitFor({ state: 'detached' });
  });

  it('replaces a device and takes a camera out of service, each with its reason', async () => {
    const page = await open({ hash: '#/' });
    await page.getByTestId('camera-card').filter({ hasText: 'Depot yard' }).getByTestId('camera-link').click();
    await page.getByTestId('device-panel').getByText('struck by lightning').waitFor();
    await page.getByTestId('replace').click();
    await page.getByTestId('replace-address').fill('192.168.1.77');
    await page.getByTestId('replace-password').fill('secret-of-the-new-one');
    await page.getByTestId('replace-reason').fill('Water in the housing');
    await page.getByTestId('dialog-submit').click();
    await page.getByTestId('replace-dialog').waitFor({ state: 'detached' });
    expect(posts('/replace')[0]?.body).toMatchObject({ address: '192.168.1.77', reason: 'Water in the housing' });
    await page.getByTestId('decommission').click();
    await page.getByTestId('decommission-reason').fill('The depot is closed');
    await page.getByTestId('dialog-submit').click();
    await page.getByTestId('camera-card').first().waitFor();
    await expect.poll(() => page.getByTestId('camera-card').filter({ hasText: 'Depot yard' }).count()).toBe(0);
    expect(posts('/decommission')[0]?.body).toEqual({ reason: 'The depot is closed' });
  });

  it('fits a narrow screen in Chinese', async () => {
    const page = await open({ hash: '#/setup/onboard', locale: 'zh-CN', width: 400 });
    for (const hash of ['#/setup/onboard', '#/setup/find', '#/setup/credentials', `#/print/${village().pump.siteId}`, `#/cameras/${village().pump.id}`]) {
      await page.goto(`${village().url}/${hash}`);
      await page.locator('main h1, main .print-sheet').first().waitFor();
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), { message: hash }).toBe(0);
    }
  });
});
