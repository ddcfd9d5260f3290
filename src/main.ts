/**
 * argv → cli. Hands the commands what they may use: the configuration, an API client, the roles, the model store. The
 * program itself is loaded only by who runs it: a command beside one that runs answers in a third of the time.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { App } from './app.js';
import { registerVillage } from './app/demo-village.js';
import { createModelCommands } from './app/model-commands.js';
import { openHttpClient, openInProcessClient } from './app/api-client.js';
import { readRunFile } from './app/run-file.js';
import type { CliContext, StartOptions } from './cli/context.js';
import { runProgram, type GlobalOptions } from './cli/program.js';
import { environment, loadConfig, type Loaded } from './config/load.js';
import { HedgerowError, messageOf, systemCodeOf } from './core/errors.js';
import { createLogger } from './telemetry/logger.js';

const linkLifeMs = 15 * 60_000;

/** @param args the arguments after the command's name */
export async function main(args: readonly string[]): Promise<void> {
  const stop = new AbortController();
  // Whoever read our output may be gone ("| head", a log shipper that restarts): that ends no camera.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.exitCode = await runProgram(args, (globals) => createContext(globals, stop)).catch((thrown: unknown) => {
    process.stderr.write(`hedgerow: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
    return 1;
  });
  // Anything that still holds the process (a native thread of a stream that hangs) must not keep it alive.
  process.exit();
}

function createContext(globals: GlobalOptions, stop: AbortController): CliContext {
  const packageFolder = findPackageFolder();
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const load = (overrides: object = {}): Loaded =>
    loadConfig({
      packageFolder,
      file: globals.config,
      env: environment(),
      overrides: { ...(globals.data ? { dataFolder: globals.data } : {}), ...overrides },
    });

  return {
    version,
    packageFolder,
    load,
    signal: stop.signal,
    models: createModelCommands({ packageFolder, load }),
    async openClient() {
      const env = environment();
      const url = globals.url ?? env['HEDGEROW_URL'];
      if (url) return openHttpClient({ url, token: env['HEDGEROW_ADMIN_TOKEN'] ?? env['HEDGEROW_TOKEN'] ?? '' });
      const loaded = load();
      const running = readRunFile(loaded.config.dataFolder);
      const client = running && openHttpClient(running);
      // A file that a killed process left behind, and whose number another program has by now.
      if (client && (await client.answers())) return client;
      const { createApp } = await import('./app.js');
      return openInProcessClient(await createApp({ loaded: quiet(loaded), packageFolder, version, roles: [] }));
    },
    serve: (options) => serve(options, { load, packageFolder, version, stop }),
  };
}

async function serve(
  options: StartOptions,
  context: { load: (overrides?: object) => Loaded; packageFolder: string; version: string; stop: AbortController },
): Promise<number> {
  const { stop } = context;
  const loaded = context.load();
  const log = createLogger(loaded.config.log.level);
  // Before anything is opened: a stop that comes during the start ends in order, too.
  const stopped = new Promise<void>((resolve) => {
    const onSignal = (name: string): void => {
      if (stop.signal.aborted) process.exit(130);
      log.info({ signal: name }, 'stopping; once more to leave at once');
      stop.abort();
      resolve();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  });
  const { createApp } = await import('./app.js');
  const app = await createApp({ loaded, packageFolder: context.packageFolder, version: context.version, roles: options.roles, log });
  try {
    if (!stop.signal.aborted) await bringUp(app, loaded, options);
    await stopped;
    await app.close('asked to stop');
    return 0;
  } catch (thrown) {
    await app.close('start-up failed');
    if (stop.signal.aborted) return 0;
    if (thrown instanceof HedgerowError) throw thrown;
    throw startFailure(thrown, loaded);
  }
}

async function bringUp(app: App, loaded: Loaded, options: StartOptions): Promise<void> {
  const { print, roles } = options;
  const url = await app.start();
  if (url) {
    // The API alone runs under a supervisor that keeps what it prints: it gives no link away. HEDGEROW_ADMIN_TOKEN is the way in.
    const link = roles.length > 1 ? `${url}/#link=${await app.createAdminLink(linkLifeMs)}` : null;
    print.json({ url, ...(link && { link }), roles });
    print.line('');
    print.line(`  Hedgerow is up:  ${url}`);
    if (link) print.line(`  Admin link:      ${link}`);
    if (link) print.line('                   (works once, for 15 minutes)');
    print.line('');
  } else {
    print.json({ roles });
    print.line(`hedgerow: ${roles.join(', ')} running`);
  }
  const cameras = options.demo ?? (options.video ? Math.max(1, loaded.config.simulate.cameras) : loaded.config.simulate.cameras);
  if (roles.length > 1 && cameras > 0) await addVillage(app, loaded, { ...options, cameras });
}

async function addVillage(app: App, loaded: Loaded, options: StartOptions & { cameras: number }): Promise<void> {
  const { simulate } = loaded.config;
  const [{ systemPrincipal }, { startVillage }] = await Promise.all([import('./app.js'), import('./simulate/village.js')]);
  const village = await startVillage({
    cameras: options.cameras,
    video: options.video ?? simulate.video,
    host: simulate.host,
    discovery: simulate.discovery,
    controlPort: simulate.controlPort,
    basePort: simulate.basePort,
    watermark: simulate.watermark,
    // Who is still from the first frame on is told from furniture by the detector only.
    situations: simulate.situations && app.hasDetector(),
    clock: app.clock,
    log: app.log,
    signal: app.signal,
  });
  app.onClose('simulated village', () => village.close());
  await registerVillage({ cameras: village.cameras, registry: app.registry, rules: app.rules, classes: app.hasDetector() ? ['person', 'vehicle'] : ['person', 'vehicle', 'change'], by: systemPrincipal, clock: app.clock });
  options.print.line(`  Simulated village: ${village.cameras.length} cameras; faults on demand at ${village.controlUrl}`);
  options.print.line('');
}

/** An address that cannot be listened on is the configuration's; the rest is ours. */
function startFailure(thrown: unknown, { config: { api } }: Loaded): HedgerowError {
  const why = { EADDRINUSE: 'another program has it', EACCES: 'this user may not', EADDRNOTAVAIL: 'this machine has no such address', ENOTFOUND: 'this name is not known' }[systemCodeOf(thrown) ?? ''];
  if (why === undefined) return new HedgerowError('process.defect', messageOf(thrown), { cause: thrown });
  return new HedgerowError('config.invalid', `Port ${api.port} of ${api.host} cannot be listened on: ${why}. Set HEDGEROW_PORT or HEDGEROW_HOST.`, { cause: thrown });
}

/** A command of a few seconds: only its own failures are worth a line. */
function quiet(loaded: Loaded): Loaded {
  return { ...loaded, config: { ...loaded.config, log: { level: 'error' } } };
}

/** The folder with package.json, from `dist/src` as from `src`. */
function findPackageFolder(): string {
  const here = path.dirname(import.meta.dirname);
  return path.basename(here) === 'dist' ? path.dirname(here) : here;
}
