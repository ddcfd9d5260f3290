/**
 * The one place that builds and wires everything, by hand, and closes it in reverse. Building never listens: `start` does.
 * Roles: api (HTTP and console), worker (ingest and analyse), jobs (onboarding, retention, deliveries). One process may
 * have all of them, or none (the command line then uses the API in process).
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import dns from 'node:dns/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { createAlertChannels } from './alert/alert-channels.js';
import { createAlertDesk } from './alert/alert-desk.js';
import { createAlertEngine } from './alert/alert-engine.js';
import { createAlertRules } from './alert/alert-rules.js';
import { createDeliveryPump } from './alert/delivery-pump.js';
import { createWebhookTransport } from './alert/adapters/webhook-transport.js';
import { createNodeAvReelEncoder } from './analyse/adapters/node-av-reel-encoder.js';
import { createAnalyst } from './analyse/analyst.js';
import { createReelDesk, type ReelDesk } from './analyse/reel-desk.js';
import { createApi, type Api } from './api/server.js';
import { openDetector } from './app/detector.js';
import { removeRunFile, writeRunFile } from './app/run-file.js';
import { createSamplePath } from './app/sample-path.js';
import { createAuth } from './auth/auth.js';
import { createSealer } from './auth/sealer.js';
import type { Loaded } from './config/load.js';
import type { Principal } from './contract/principal.js';
import { AddressGuard } from './core/address-guard.js';
import { SystemClock, toRfc3339 } from './core/clock.js';
import { HedgerowError, messageOf } from './core/errors.js';
import { Shutdown } from './core/shutdown.js';
import { openPgliteDatabase } from './db/adapters/pglite-database.js';
import { openPostgresDatabase } from './db/adapters/postgres-database.js';
import { createEventLog } from './db/event-log.js';
import { createAutoFrameSource } from './ingest/adapters/auto-frame-source.js';
import { createFfmpegFrameSource } from './ingest/adapters/ffmpeg-frame-source.js';
import { createNodeAvFrameSource } from './ingest/adapters/node-av-frame-source.js';
import { createIngest } from './ingest/ingest.js';
import { createLedger } from './ledger/ledger.js';
import { createReceiptLog } from './ledger/receipt-log.js';
import { createBullmqQueue } from './queue/adapters/bullmq-queue.js';
import { createEmbeddedQueue } from './queue/adapters/embedded-queue.js';
import { createOnvifClient } from './register/adapters/onvif/onvif-client.js';
import { createCameraDirectory } from './register/camera-directory.js';
import { createCommissionings } from './register/commissioning.js';
import { createCredentialSets } from './register/credential-sets.js';
import { createDeviceChanges } from './register/device-changes.js';
import { createDiscovery } from './register/discovery.js';
import { createRegistry } from './register/inventory.js';
import { createOnboarding } from './register/onboarding.js';
import { createInputWatch } from './register/panic-inputs.js';
import { ownNetworks } from './register/network-interfaces.js';
import { createSiteMap } from './register/site-map.js';
import { createReprobe } from './register/reprobe.js';
import { createFsObjectStore } from './store/adapters/fs-object-store.js';
import { createS3ObjectStore } from './store/adapters/s3-object-store.js';
import { createLiveView } from './store/live-view.js';
import { createObservationStore } from './store/observation-store.js';
import { createPictureStore } from './store/picture-store.js';
import { createReelStore } from './store/reel-store.js';
import { createRetention } from './store/retention.js';
import { createStoreCheck } from './store/store-check.js';
import { createLogger, type Logger } from './telemetry/logger.js';
import { createMetrics } from './telemetry/metrics.js';
import { createWatch } from './watch/watch.js';

export const roleNames = ['api', 'worker', 'jobs'] as const;
export type RoleName = (typeof roleNames)[number];

export interface AppOptions {
  readonly loaded: Loaded;
  readonly packageFolder: string;
  readonly version: string;
  readonly roles: readonly RoleName[];
  readonly log?: Logger;
}

export type App = Awaited<ReturnType<typeof createApp>>;

/** The program itself, where it acts without a person. */
export const systemPrincipal: Principal = { id: 'system', name: 'system', kind: 'system', grants: [{ role: 'admin', siteId: null }] };

export async function createApp(options: AppOptions) {
  const { loaded, packageFolder, version, roles } = options;
  const { config, secrets } = loaded;
  const clock = new SystemClock();
  const log = options.log ?? createLogger(config.log.level);
  const metrics = createMetrics();
  const shutdown = new Shutdown(clock, log);
  const { signal } = shutdown;

  try {
    prepareDataFolder(config.dataFolder);
    const lookup = async (host: string): Promise<string[]> => (await dns.lookup(host, { all: true, verbatim: true })).map((a) => a.address);
    const cameraGuard = new AddressGuard({ allowed: [...config.register.allowNetworks, ...(config.register.allowOwnNetworks ? ownNetworks() : [])], denied: config.register.denyNetworks, lookup });
    const webhookGuard = new AddressGuard({ allowed: config.alert.webhook.allowNetworks, denied: config.alert.webhook.denyNetworks, lookup });

    const database = config.database.url
      ? await openPostgresDatabase({ url: config.database.url, poolSize: config.database.poolSize, clock, log })
      : await openPgliteDatabase({ folder: path.join(config.dataFolder, 'database'), clock, log });
    shutdown.onClose('database', () => database.close());
    await database.migrate();

    const sealer = createSealer({ key: secrets.key, keyFile: secrets.keyFile });
    const ledger = createLedger({ database, clock });
    const receipts = createReceiptLog({ database, clock });
    const events = createEventLog({ database, clock, log });
    await events.start();
    shutdown.onClose('event log', () => events.close());
    const auth = createAuth({ database, ledger, clock, config: { sessionHours: config.api.sessionHours }, adminToken: secrets.adminToken });

    const queue = config.queue.redisUrl
      ? createBullmqQueue({ redisUrl: config.queue.redisUrl, prefix: config.queue.prefix, clock, log })
      : createEmbeddedQueue({ database, clock, log });
    shutdown.onClose('queue', () => queue.close());
    const objects = config.store.s3 ? createS3ObjectStore({ ...config.store.s3, log }) : createFsObjectStore({ folder: path.join(config.dataFolder, 'objects'), log });
    shutdown.onClose('object store', () => objects.close());
    const pictures = createPictureStore({ database, objects, events, receipts, clock, log, metrics });
    const live = createLiveView({ database, makes: roles.includes('worker'), clock, log });
    shutdown.onClose('live views', () => live.close());
    const reels = createReelStore({ database, objects, events, receipts, afterMs: config.reel.enabled ? config.reel.afterMs : null, clock, log });
    const observations = createObservationStore({ database, clock, log });
    shutdown.onClose('observations', () => observations.close());
    const retention = createRetention({ database, objects, receipts, clock, log });
    const check = createStoreCheck({ database, objects, receipts, clock, log });

    const watch = createWatch({ config: config.watch, database, events, clock, log, metrics });
    const makeSource = { rtsp: createAutoFrameSource, 'node-av': createNodeAvFrameSource, ffmpeg: createFfmpegFrameSource }[config.ingest.adapter];
    const source = makeSource({ clock, log, metrics });
    shutdown.onClose('frame source', () => source.close());
    const onvif = createOnvifClient({
      guard: cameraGuard,
      clock,
      log,
      limits: { connectTimeoutMs: config.register.connectTimeoutMs, replyTimeoutMs: config.register.replyTimeoutMs, maxReplyBytes: config.register.maxReplyBytes },
    });
    const registry = createRegistry({ database, sealer, events, ledger, queue, guard: cameraGuard, clock, log });
    const directory = createCameraDirectory({ database, sealer, guard: cameraGuard, clock, log });
    const onboarding = createOnboarding({ config: config.register, database, sealer, guard: cameraGuard, onvif, source, reports: watch, events, ledger, clock, log });
    const discovery = createDiscovery({ config: config.register, guard: cameraGuard, clock, log, database, onvif });
    shutdown.onClose('discovery', () => discovery.close());
    const siteMap = createSiteMap({ database, ledger, events, clock, log });
    const credentialSets = createCredentialSets({ database, sealer, ledger, clock });
    const commissionings = createCommissionings({ config: config.register, database, sealer, guard: cameraGuard, onvif, onboarding, ledger, events, clock, log });
    const deviceChanges = createDeviceChanges({ config: config.register, database, sealer, guard: cameraGuard, onvif, source, registry, queue, ledger, events, clock, log });

    const wakeDeliveries = (): void => {
      queue.enqueue({ name: 'delivery.drain' }, { dedupeKey: 'delivery.drain' }).catch((thrown: unknown) => {
        // The pump also looks by itself: a queue that is away delays a delivery, it does not lose it.
        log.warn({ error: messageOf(thrown) }, 'the delivery pump could not be woken');
      });
    };
    let reelDesk: ReelDesk | undefined;
    const engine = createAlertEngine({ database, events, clock, log, metrics, onOutbox: wakeDeliveries, onRaised: (alert) => reelDesk?.raised(alert), baseUrl: (config.api.publicUrl ?? `http://${config.api.host}:${config.api.port}`).replace(/\/+$/, '') });
    const desk = createAlertDesk({ database, events, ledger, clock, log });
    const rules = createAlertRules({ database, ledger, clock, log });
    const channels = createAlertChannels({ database, sealer, guard: webhookGuard, ledger, clock, log, onOutbox: wakeDeliveries });
    const pump = createDeliveryPump({
      config: config.alert,
      database,
      sealer,
      transports: { webhook: createWebhookTransport({ config: config.alert.webhook, guard: webhookGuard, clock, log }) },
      clock,
      log,
      metrics,
    });

    let detectorMode: 'onnx' | 'change-only' | 'elsewhere' = 'elsewhere';
    let detectorProvider: string | null = null;

    async function startWorker(): Promise<void> {
      const detector = await openDetector({ config: config.analyse, packageFolder, clock, log, metrics });
      if (detector) shutdown.onClose('detector', () => detector.close());
      detectorMode = detector ? 'onnx' : 'change-only';
      detectorProvider = detector?.info.provider ?? null;
      const analyst = createAnalyst({ config: config.analyse, detector, clock, log, metrics });
      await watch.start();
      shutdown.onClose('watch', () => watch.close());
      if (config.reel.enabled) {
        const encoder = createNodeAvReelEncoder();
        const own = createReelDesk({ config: config.reel, encoder, store: reels, armed: (cameraId, atMs) => engine.reelWanted(cameraId, atMs), clock, log, metrics });
        shutdown.onClose('reels', async () => {
          await own.close();
          await encoder.close();
        });
        reelDesk = own;
      }
      await engine.start();
      shutdown.onClose('alert engine', () => engine.close());
      const samples = createSamplePath({ directory, analyst, engine, pictures, observations, reports: watch, takers: reelDesk ? [live, reelDesk] : [live], clock, log, metrics });
      shutdown.onClose('samples in work', () => samples.drain());
      const ingest = createIngest({
        config: { ...config.ingest, maxDensityPxPerM: config.analyse.maxDensityPxPerM },
        database,
        directory,
        reports: watch,
        source,
        clock,
        log,
        metrics,
        onFrame: (frame) => samples.accept(frame),
        onLost: (cameraId) => samples.forget(cameraId),
      });
      shutdown.onClose('ingest', () => ingest.close());
      await ingest.start();
      const inputs = createInputWatch({
        database,
        sealer,
        onvif,
        clock,
        log,
        onInput: (change) => engine.input(change),
        mine: (cameraId) => ingest.holds(cameraId),
      });
      shutdown.onClose('inputs', () => inputs.close());
      await inputs.start();
    }

    async function startJobs(): Promise<void> {
      pump.start(signal);
      shutdown.onClose('delivery pump', () => pump.close());
      await queue.work(
        {
          'camera.onboard': async (job, jobSignal) => void (await onboarding.probe(job.cameraId, AbortSignal.any([jobSignal, signal]))),
          'credentials.rotate': async (job, jobSignal) => deviceChanges.carryOut(job.rotationId, AbortSignal.any([jobSignal, signal])),
          'delivery.drain': async (_job, jobSignal) => void (await pump.drain(AbortSignal.any([jobSignal, signal]))),
          'retention.sweep': async (_job, jobSignal) => {
            await retention.sweep(AbortSignal.any([jobSignal, signal]));
            await events.prune();
          },
        },
        { concurrency: config.queue.concurrency, signal },
      );
      await queue.repeat({ name: 'retention.sweep' }, config.store.sweepEveryMs);
      const reprobing = createReprobe({ config: config.register, database, queue, clock, log }).run(signal);
      shutdown.onClose('reprobe', () => reprobing);
    }

    const api: Api = await createApi({
      config: config.api,
      auth,
      ledger,
      registry,
      onboarding,
      discovery,
      siteMap,
      commissionings,
      credentialSets,
      deviceChanges,
      pictures,
      receipts,
      live,
      reels,
      observations,
      desk,
      rules,
      channels,
      events,
      check,
      metrics,
      ready: async () => ({ database: await state(() => database.probe()), queue: await state(() => queue.probe()), objects: await state(() => objects.probe()) }),
      consoleFolder: path.join(packageFolder, 'dist', 'console'),
      version,
      clock,
      log,
      health: () => ({ roles: [...roles], detector: detectorMode, detectorProvider, database: database.kind }),
      signal,
    });
    shutdown.onClose('api', () => api.close());

    /**
     * A token for the command line. It is withdrawn when this process stops; that of a killed one, by the next of its name.
     * Each process has its own: on a cluster they share the database.
     */
    async function commandToken(of: string, lifeMs: number | null): Promise<string> {
      const name = `command line: ${of}`.slice(0, 120);
      const withdraw = (id: string): Promise<void> => auth.removeToken(id, systemPrincipal).catch(() => log.debug({ name }, 'the token was withdrawn already'));
      for (let cursor: string | undefined, more = true; more; ) {
        const page = await auth.tokens({ limit: 500, cursor });
        for (const old of page.items) if (old.name === name) await withdraw(old.id);
        cursor = page.nextCursor ?? undefined;
        more = cursor !== undefined;
      }
      const expiresAt = lifeMs === null ? null : toRfc3339(clock.nowMs() + lifeMs);
      const { token, secret } = await auth.createToken({ name, grants: [{ role: 'admin', siteId: null }], expiresAt }, systemPrincipal);
      shutdown.onClose('token of the command line', () => withdraw(token.id));
      return secret;
    }

    return {
      config,
      api,
      registry,
      rules,
      signal,
      clock,
      log,
      /** Whether this process tells persons and vehicles apart; known once it has started. */
      hasDetector: () => detectorMode === 'onnx',
      /** For a command that uses the API in this process. */
      ownToken: () => commandToken(`process ${process.pid} on ${hostname()}`, ownTokenMs),
      createAdminLink: (lifeMs: number) => auth.createLink(lifeMs),
      onClose: (name: string, close: () => Promise<void> | void) => shutdown.onClose(name, close),
      /** Finishes what a crash left, then brings the roles up. @returns the address of the API, or null without that role */
      async start(): Promise<string | null> {
        await check.recover();
        if (roles.includes('jobs') || roles.includes('api')) await discovery.listen();
        if (roles.includes('worker') || roles.includes('api')) await live.start();
        if (roles.includes('jobs')) await startJobs();
        if (roles.includes('worker')) await startWorker();
        if (!roles.includes('api')) return null;
        const url = await api.listen({ host: config.api.host, port: config.api.port });
        const token = await commandToken(`${path.resolve(config.dataFolder)} on ${hostname()}`, null);
        writeRunFile(config.dataFolder, { pid: process.pid, url, token });
        shutdown.onClose('run file', () => removeRunFile(config.dataFolder));
        return url;
      },
      close: (reason: string) => shutdown.close(reason),
    };
  } catch (thrown) {
    await shutdown.close('start-up failed');
    throw thrown;
  }
}

const ownTokenMs = 24 * 3_600_000;

/** @throws HedgerowError `config.invalid` when it cannot be made or written to */
function prepareDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new HedgerowError('config.invalid', `The data folder ${path.resolve(folder)} cannot be written to: ${messageOf(cause)}. Name another with --data or HEDGEROW_DATA.`, { cause });
  }
}

async function state(probe: () => Promise<void>): Promise<string> {
  try {
    await probe();
    return 'ok';
  } catch (thrown) {
    return messageOf(thrown);
  }
}
