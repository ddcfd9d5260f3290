/** What others ask of store: to keep a picture and an observation, to find them, and to prove that both sides agree. */
import { z } from 'zod';
import type { Sample } from './analysis.js';
import type { Page, PageQuery } from './page.js';
import type { MaskedPicture, Observation, PictureRow } from './picture.js';
import type { SiteScope } from './principal.js';

export interface PictureStore {
  /** Object first, row second. Resolves when both are durable. */
  save(picture: MaskedPicture): Promise<PictureRow>;
  pictures(scope: SiteScope, page: PageQuery & { cameraId?: string | undefined; siteId?: string | undefined }): Promise<Page<PictureRow>>;
  picture(id: string): Promise<PictureRow>;
  /** The JPEG, checked against its SHA-256. Throws `store.corrupt` when it differs, `picture.unknown` when it is gone. */
  bytes(id: string): Promise<Uint8Array>;
}

export interface ObservationStore {
  /** Batched: resolves when the row is in the database or, at the latest, when the batch is. */
  record(sample: Sample, pictureId: string | null): Promise<void>;
  observations(scope: SiteScope, page: PageQuery & { cameraId?: string | undefined; siteId?: string | undefined }): Promise<Page<Observation>>;
}

export interface Retention {
  /** Deletes what is past its time, pictures and reels: row marked, object deleted, receipt written. @returns how many */
  sweep(signal: AbortSignal): Promise<number>;
}

export const checkReport = z.object({
  clean: z.boolean(),
  pictures: z.number().int(),
  reels: z.number().int(),
  objects: z.number().int(),
  problems: z.array(
    z.object({
      kind: z.enum(['object-missing', 'object-corrupt', 'row-missing', 'key-foreign', 'alert-picture-missing', 'leaf-missing', 'leaf-differs', 'leaf-alone', 'delivery-missing', 'ledger-broken', 'temp-file']),
      subject: z.string(),
      detail: z.string(),
      repaired: z.boolean(),
    }),
  ),
});
export type CheckReport = z.infer<typeof checkReport>;

export interface StoreCheck {
  /** Compares rows and objects both ways. `repair` removes orphaned objects and rows whose object is gone. */
  check(options: { repair: boolean; readBytes: boolean; signal: AbortSignal }): Promise<CheckReport>;
  /** Finishes what a crash left half done; run at every start, before anything else writes. */
  recover(): Promise<void>;
}
