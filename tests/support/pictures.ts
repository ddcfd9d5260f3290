/** Pictures and samples for tests: a real, small JPEG under the masker's seal, and the rows that it belongs to. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Sample } from '../../src/contract/analysis.js';
import type { Database } from '../../src/contract/database.js';
import { sealPicture, type MaskedPicture, type Receipt } from '../../src/contract/picture.js';
import { sealReel, type MaskedReel, type ReelReceipt } from '../../src/contract/reel.js';
import { toRfc3339 } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { sites } from '../../src/db/schema/index.js';

/** A JPEG of one flat colour, 64 x 48 px; `shade` (0..255) makes its bytes differ. */
export async function tinyJpeg(shade = 128): Promise<Uint8Array> {
  const made = await sharp({ create: { width: 64, height: 48, channels: 3, background: { r: shade & 255, g: 90, b: 60 } } }).jpeg().toBuffer();
  return new Uint8Array(made);
}

/** A sealed picture. Give `jpeg` to use other bytes; the receipt's SHA-256 is theirs unless it is given, too. */
export async function testPicture(overrides: Partial<Receipt> & { jpeg?: Uint8Array; receivedAtMs?: number } = {}): Promise<MaskedPicture> {
  const { jpeg = await tinyJpeg(), receivedAtMs = Date.UTC(2026, 0, 1, 12), ...receipt } = overrides;
  return sealPicture({
    jpeg,
    receipt: {
      pictureId: newId(),
      cameraId: newId(),
      siteId: newId(),
      runId: newId(),
      capturedAt: null,
      receivedAt: toRfc3339(receivedAtMs),
      widthPx: 64,
      heightPx: 48,
      maskRatio: 0.25,
      heldRatio: 0,
      modelHash: null,
      configHash: createHash('sha256').update('test').digest('hex'),
      sha256: createHash('sha256').update(jpeg).digest('hex'),
      ...receipt,
    },
  });
}

/** A sealed reel of one picture; its film is any bytes. */
export async function testReel(overrides: Partial<ReelReceipt> & { file?: Uint8Array; firstAtMs?: number } = {}): Promise<MaskedReel> {
  const { file = Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3), firstAtMs = Date.UTC(2026, 0, 1, 12), ...receipt } = overrides;
  const picture = await testPicture({ receivedAtMs: firstAtMs, ...(receipt.cameraId === undefined ? {} : { cameraId: receipt.cameraId }), ...(receipt.siteId === undefined ? {} : { siteId: receipt.siteId }) });
  const { cameraId, siteId, widthPx, heightPx, sha256 } = picture.receipt;
  return sealReel(
    {
      file,
      receipt: {
        reelId: newId(), alertId: newId(), cameraId, siteId, widthPx, heightPx,
        firstAt: toRfc3339(firstAtMs), lastAt: toRfc3339(firstAtMs), alertAtMs: 0, lengthMs: 500,
        pictures: [{ atMs: 0, receiptHash: sha256 }], gaps: [], mediaType: 'video/webm', sha256: createHash('sha256').update(file).digest('hex'),
        ...receipt,
      },
    },
    [picture],
  );
}

/** A site's row, which pictures take their retention from. @returns its id */
export async function testSite(database: Database, overrides: { id?: string; retentionDays?: number; timeZone?: string } = {}): Promise<string> {
  const id = overrides.id ?? newId();
  await database.orm.insert(sites).values({
    id,
    name: `Site ${id}`,
    timeZone: overrides.timeZone ?? 'UTC',
    boundary: [],
    requireDetector: false,
    retentionDays: overrides.retentionDays ?? 30,
    createdAt: new Date(Date.UTC(2026, 0, 1)),
  });
  return id;
}

/** What analyse says about one sample, without a picture. */
export function testSample(overrides: Partial<Sample> = {}): Sample {
  return {
    cameraId: newId(),
    siteId: newId(),
    runId: newId(),
    sequence: 0,
    capturedAtMs: null,
    receivedAtMs: Date.UTC(2026, 0, 1, 12),
    detections: [],
    counts: { person: 1 },
    hits: [],
    changeRatio: 0.1,
    maskRatio: 0.2,
    picture: { status: 'not-due' },
    pictureStatus: 'ready',
    pictureReason: null,
    detector: 'change-only',
    meanLuma: 100,
    ...overrides,
  };
}
