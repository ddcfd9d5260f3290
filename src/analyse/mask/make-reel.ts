/** From sealed pictures to a sealed reel with its receipt. Looks into no picture: the encoder gets their JPEGs, as they are. */
import { createHash } from 'node:crypto';
import { isMaskedPicture, type MaskedPicture } from '../../contract/picture.js';
import { sealReel, type MaskedReel, type ReelEncoder, type ReelReceipt } from '../../contract/reel.js';
import { canonicalJson } from '../../core/canonical-json.js';
import { toRfc3339 } from '../../core/clock.js';
import { HedgerowError } from '../../core/errors.js';
import { newId } from '../../core/ids.js';

export interface ReelRequest {
  readonly encoder: ReelEncoder;
  /** of one camera and one size, in order; each with the time at which it came, epoch ms, strictly rising */
  readonly pictures: readonly { readonly picture: MaskedPicture; readonly atMs: number }[];
  readonly alert: { readonly id: string; readonly raisedAtMs: number };
  /** the last picture stands until then, epoch ms */
  readonly untilMs: number;
  /** epoch ms */
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number; readonly reason: string }[];
}

/** The last picture stands at least so long, ms. */
const lastStandsMs = 500;

/**
 * @throws HedgerowError `picture.unmasked` when something in it was not made by the masker; nothing is encoded then
 */
export async function makeReel(request: ReelRequest, signal: AbortSignal): Promise<MaskedReel> {
  const { pictures, alert, encoder } = request;
  const [first, last] = [pictures[0], pictures.at(-1)];
  if (!first || !last) throw new HedgerowError('process.defect', 'A reel of no pictures was asked for.', { context: { alertId: alert.id } });
  if (!pictures.every(({ picture }) => isMaskedPicture(picture))) {
    throw new HedgerowError('picture.unmasked', 'A reel was asked for of something that the masker did not make.', { context: { alertId: alert.id } });
  }
  const of = first.picture.receipt;
  const since = (atMs: number): number => Math.round(atMs - first.atMs);
  const lengthMs = Math.max(since(last.atMs) + lastStandsMs, since(request.untilMs));
  const film = { widthPx: of.widthPx, heightPx: of.heightPx, lengthMs, pictures: pictures.map(({ picture, atMs }) => ({ jpeg: picture.jpeg, atMs: since(atMs) })) };
  const file = await encoder.encode(film, signal);
  const receipt: ReelReceipt = {
    reelId: newId(),
    alertId: alert.id,
    cameraId: of.cameraId,
    siteId: of.siteId,
    firstAt: toRfc3339(first.atMs),
    lastAt: toRfc3339(last.atMs),
    alertAtMs: since(alert.raisedAtMs),
    lengthMs,
    widthPx: of.widthPx,
    heightPx: of.heightPx,
    pictures: pictures.map(({ picture, atMs }) => ({ atMs: since(atMs), receiptHash: sha256(canonicalJson(picture.receipt)) })),
    gaps: request.gaps.map(({ fromMs, toMs, reason }) => ({ fromMs: since(fromMs), toMs: since(toMs), reason })),
    mediaType: encoder.mediaType,
    sha256: sha256(file),
  };
  return sealReel({ receipt, file }, pictures.map(({ picture }) => picture));
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
