/** What `api` and `cli` ask of register: sites, places, cameras, zones. Scopes are checked by the caller's principal. */
import { z } from 'zod';
import type { GroundPose } from '../core/ground-density.js';
import type { Camera, CameraPatch, NewCamera, Rung, StreamTarget } from './camera.js';
import type { Page, PageQuery } from './page.js';
import type { Principal, SiteScope } from './principal.js';
import type { NewPlace, NewSite, Place, Site } from './site.js';
import type { NewZone, Zone, ZonePatch } from './zone.js';

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

export interface ImportOptions {
  readonly format: 'csv' | 'json';
  readonly dryRun: boolean;
  readonly skipBad: boolean;
  readonly defaultSiteId?: string | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

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
  /** Judged like a new zone. Whoever runs the camera sees it without a new run. @throws HedgerowError `zone.unknown`, `zone.invalid`, `zone.place` */
  updateZone(id: string, patch: ZonePatch, by: Principal): Promise<Zone>;
  removeZone(id: string, by: Principal): Promise<void>;
  /**
   * Reads a CSV (UTF-8 or GB18030; comma, semicolon or tab; header in the first line) or a JSON array of objects. Rows with a fault are reported; the good ones are written only when
   * there is no bad row or `skipBad` is set, and never when `dryRun` is.
   */
  importCameras(bytes: Uint8Array, options: ImportOptions, by: Principal): Promise<ImportReport>;
  /** The same fields that the import reads, without secrets. */
  exportCameras(scope: SiteScope, format: 'csv' | 'json'): Promise<string>;
}

export interface Onboarding {
  /** Climbs the ladder now and writes the outcome down. */
  probe(cameraId: string, signal: AbortSignal, onRung?: (rung: Rung) => void): Promise<readonly Rung[]>;
  /** Many at once, as many as the configuration allows and never two on one host; each tells its outcome as it comes. */
  probeMany(cameraIds: readonly string[], signal: AbortSignal, onDone: (outcome: { cameraId: string; rungs: readonly Rung[] }) => void): Promise<void>;
}

export const discovered = z.object({
  endpointReference: z.string(),
  /** the address that answered */
  address: z.string(),
  xaddrs: z.array(z.string()),
  name: z.string().nullable(),
  hardware: z.string().nullable(),
  macAddress: z.string().nullable(),
  interfaces: z.array(z.string()),
  cameraId: z.string().nullable(),
  /** the camera is registered with another address than the one that answered */
  moved: z.boolean(),
  /** how it was found: it answered a probe, it answered one of the sweep, or it announced itself */
  via: z.enum(['multicast', 'sweep', 'hello']),
});
export type Discovered = z.infer<typeof discovered>;

/** What a running discovery says beside the devices: which networks it looks at, and how far it is. */
export const discoveryProgress = z.object({
  /** each network that is probed, by interface or as a block */
  scanning: z.array(z.object({ interface: z.string().nullable(), network: z.string(), via: z.enum(['multicast', 'sweep']) })),
  /** interfaces that were left out, and why */
  skipped: z.array(z.object({ interface: z.string(), reason: z.string() })),
  /** addresses of the sweep that were asked, of how many */
  asked: z.number().int(),
  total: z.number().int(),
  found: z.number().int(),
});
export type DiscoveryProgress = z.infer<typeof discoveryProgress>;

export interface DiscoverOptions {
  /** names or IPv4 addresses; empty: every IPv4 interface but container bridges */
  readonly interfaces: readonly string[];
  /** default: as configured */
  readonly listenMs?: number | undefined;
  /** container bridges too */
  readonly bridges?: boolean | undefined;
  /** IPv4 blocks that are asked address by address as well; more than a /20 needs `force` */
  readonly sweep?: readonly string[] | undefined;
  readonly force?: boolean | undefined;
  readonly signal: AbortSignal;
  /** a device as soon as it is known, and again when more is known of it */
  readonly onFound?: (device: Discovered) => void;
  readonly onProgress?: (progress: DiscoveryProgress) => void;
}

export interface Discovery {
  /** @throws HedgerowError `discovery.interface`, `discovery.sweep` (no block, too large, outside the allowed networks) */
  discover(options: DiscoverOptions): Promise<readonly Discovered[]>;
  /** Devices that announced themselves (Hello) since the program started, the newest first; Bye takes one away. */
  announced(): Promise<readonly Discovered[]>;
  /** Listens to Hello and Bye until `close`. */
  listen(): Promise<void>;
  close(): Promise<void>;
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
  /** time between two samples, milliseconds; a frame that waited for two of them is not analysed any more */
  readonly sampleIntervalMs: number;
  readonly zones: readonly Zone[];
  /** how far the ground is: what a picture may show of it has a ceiling (DESIGN.md 5.3); absent: not known */
  readonly pose?: GroundPose;
  /** grows when the view must be judged anew: see `confirmView` */
  readonly viewVersion: number;
  /** the view was found moved by whoever ran the camera last, or another device stands there; nobody has confirmed it since */
  readonly knownMoved?: boolean;
  readonly configVersion: number;
}
