/** A browser on the built console: one for a file, a fresh village for each test; faults in the page fail the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { chromiumPath } from '../support/services.js';
import { startVillage, type Village } from './console-village.js';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export interface OpenOptions {
  hash?: string;
  signedIn?: boolean;
  grants?: Parameters<typeof startVillage>[0]['grants'];
  locale?: string;
  width?: number;
}

/** To be called once inside a `describe`. */
export function consoleBrowser() {
  let folder: string;
  let browser: Browser;
  let village: Village;
  let context: BrowserContext;
  const faults: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-console-'));
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
    expect(foreign.splice(0), 'requests to other hosts').toEqual([]);
    expect(faults.splice(0), 'errors in the page').toEqual([]);
  });

  return {
    village: () => village,
    posts: (part: string): Village['calls'] => village.calls.filter((c) => c.method !== 'GET' && c.url.includes(part)),
    open: async (options: OpenOptions = {}): Promise<Page> => {
      village = await startVillage({ consoleFolder: folder, ...(options.grants && { grants: options.grants }) });
      if (options.signedIn === false) village.signOut();
      context = await browser.newContext({ locale: options.locale ?? 'en-GB', viewport: { width: options.width ?? 1400, height: 900 } });
      const page = await context.newPage();
      page.setDefaultTimeout(8_000);
      page.on('request', (request) => {
        if (!request.url().startsWith(village.url) && !request.url().startsWith('blob:') && !request.url().startsWith('data:')) foreign.push(request.url());
      });
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        // Answers of the API that are no 2xx are written there by the browser itself; a refusal by the policy is a fault.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
      });
      await page.goto(`${village.url}/${options.hash ?? ''}`);
      return page;
    },
  };
}
