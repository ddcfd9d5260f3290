/** What the API is built from: ports of the contract, handed in by `app.ts`. */
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Config } from '../config/schema.js';
import type { AlertChannels, AlertDesk, AlertRules } from '../contract/alert-ports.js';
import type { Auth, Ledger } from '../contract/auth-ports.js';
import type { Commissionings } from '../contract/commissioning.js';
import type { CredentialSets } from '../contract/credential-set.js';
import type { EventLog } from '../contract/database.js';
import type { DeviceChanges } from '../contract/device-change.js';
import type { Discovery, Onboarding, Registry } from '../contract/registry.js';
import type { LiveViews } from '../contract/live-view.js';
import type { ReceiptLog } from '../contract/receipt-log.js';
import type { ReelStore } from '../contract/reel.js';
import type { SiteMap } from '../contract/site-map.js';
import type { ObservationStore, PictureStore, StoreCheck } from '../contract/store-ports.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { EventStreams } from './event-streams.js';
import type { Evidence } from './evidence.js';
import type { LiveStreams } from './live-streams.js';
import type { OriginCheck } from './origin.js';

export interface ApiDeps {
  readonly config: Config['api'];
  readonly auth: Auth;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly onboarding: Onboarding;
  readonly discovery: Discovery;
  readonly siteMap: SiteMap;
  readonly commissionings: Commissionings;
  readonly credentialSets: CredentialSets;
  readonly deviceChanges: DeviceChanges;
  readonly pictures: PictureStore;
  readonly receipts: ReceiptLog;
  readonly live: LiveViews;
  readonly reels: Pick<ReelStore, 'reel' | 'reelOfAlert' | 'reelBytes'>;
  readonly observations: ObservationStore;
  readonly desk: AlertDesk;
  readonly rules: AlertRules;
  readonly channels: AlertChannels;
  readonly events: EventLog;
  readonly check: StoreCheck;
  readonly metrics: Metrics;
  /** each part by name: `ok`, or what is wrong (goes to the log; the answer says only that it failed) */
  readonly ready: () => Promise<Record<string, string>>;
  /** where the built console is; null, or a folder without index.html: a page says how to build it */
  readonly consoleFolder: string | null;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** roles, detector, database: what `GET /health` says beside the counts */
  readonly health: () => object;
  /** aborts when the process stops: open streams end */
  readonly signal: AbortSignal;
}

export type Api = FastifyInstance;
/** The instance on which routes are declared: bodies, queries and answers are typed by their zod schemas. */
export type Routes = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, ZodTypeProvider>;

/** What route modules get: the ports, and what the server itself brings. */
export interface RouteDeps extends ApiDeps {
  readonly evidence: Evidence;
  readonly streams: EventStreams;
  readonly liveStreams: LiveStreams;
  readonly origin: OriginCheck;
}
