/** What `api` and `cli` ask of register: sites, places, cameras, zones. Scopes are checked by the caller's principal. */
import { z } from 'zod';
import type { Camera, CameraPatch, NewCamera, Rung, StreamTarget } from './camera.js';
import type { Page, PageQuery } from './page.js';
import type { Principal, SiteScope } from './principal.js';
import type { NewPlace, NewSite, Place, Site } from './site.js';
import type { NewZone, Zone } from './zone.js';

/** Verdict on one row of a spreadsheet. */
export const importRow = z.object({
  /** 1-based line of the file; the header is line 1 */
  line: z.number().int(),
  name: z.string(),
  verdict: z.enum(['create', 'update', 'unchanged', 'bad']),
  cameraId: z.string().nullable(),
  problems: z.array(z.object({ column: z.string(), reason: z.string() })),
});
export const importReport = z.object({
  dryRun: z.boolean(),
  /** true when rows were written */
  applied: z.boolean(),
  created: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  bad: z.number().int(),
  rows: z.array(importRow),
  /** headings of the table that are not read */
  ignoredColumns: z.array(z.string()).optional(),
});
export type ImportRow = z.infer<typeof importRow>;
export type ImportReport = z.infer<typeof importReport>;

export interface Registry {
  sites(scope: SiteScope, page: PageQuery): Promise<Page<Site>>;
  site(id: string): Promise<Site>;
  createSite(input: NewSite, by: Principal): Promise<Site>;
  places(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<Place>>;
  place(id: string): Promise<Place>;
  createPlace(input: NewPlace, by: Principal): Promise<Place>;
  cameras(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<Camera>>;
  camera(id: string): Promise<Camera>;
  /** Registers and queues onboarding. The same address and identity on the same site is `camera.exists`. */
  createCamera(input: NewCamera, by: Principal): Promise<Camera>;
  updateCamera(id: string, patch: CameraPatch, by: Principal): Promise<Camera>;
  removeCamera(id: string, by: Principal): Promise<void>;
  /** The backdrop is forgotten and learned anew, after somebody looked at a camera that moved. */
  confirmView(id: string, by: Principal): Promise<Camera>;
  zones(scope: SiteScope, page: PageQuery & { cameraId?: string | undefined }): Promise<Page<Zone>>;
  zone(id: string): Promise<Zone>;
  createZone(input: NewZone, by: Principal): Promise<Zone>;
  removeZone(id: string, by: Principal): Promise<void>;
  /**
   * Reads a CSV (UTF-8, header in the first line). Rows with a fault are reported; the good ones are written only when
   * there is no bad row or `skipBad` is set, and never when `dryRun` is.
   */
  importCsv(bytes: Uint8Array, options: { dryRun: boolean; skipBad: boolean; defaultSiteId?: string | undefined }, by: Principal): Promise<ImportReport>;
  /** The same columns that the import reads, without secrets. */
  exportCsv(scope: SiteScope): Promise<string>;
}

export interface Onboarding {
  /** Climbs the ladder now and writes the outcome down. */
  probe(cameraId: string, signal: AbortSignal): Promise<readonly Rung[]>;
}

export const discovered = z.object({
  endpointReference: z.string(),
  /** the address that answered */
  address: z.string(),
  xaddrs: z.array(z.string()),
  name: z.string().nullable(),
  hardware: z.string().nullable(),
  interfaces: z.array(z.string()),
  cameraId: z.string().nullable(),
});
export type Discovered = z.infer<typeof discovered>;

export interface Discovery {
  /** @param interfaces names or IPv4 addresses; empty: every IPv4 interface but container bridges */
  discover(options: { interfaces: readonly string[]; listenMs: number; signal: AbortSignal; onFound?: (device: Discovered) => void }): Promise<readonly Discovered[]>;
}

/** What ingest and analyse need of the inventory. */
export interface CameraDirectory {
  /** Cameras that may run: enabled, accountable, onboarded up to a stream address. Without secrets. */
  runnable(): Promise<readonly { cameraId: string; siteId: string; configVersion: number }[]>;
  /** Opens the seal and pins the address; throws `address.refused`, `camera.unknown`, `camera.stream`. */
  target(cameraId: string): Promise<StreamTarget>;
  /** Zones and site facts that analyse needs. */
  view(cameraId: string): Promise<CameraView>;
}

export interface CameraView {
  readonly cameraId: string;
  readonly siteId: string;
  readonly requireDetector: boolean;
  readonly zones: readonly Zone[];
  /** grows when the view must be judged anew: see `confirmView` */
  readonly viewVersion: number;
  /** the view was found moved by whoever ran the camera last, and nobody has confirmed it since */
  readonly knownMoved?: boolean;
  readonly configVersion: number;
}
