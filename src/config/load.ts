/**
 * Loads the configuration once: `config/default.yaml`, then a file of the operator's, then the environment, then the
 * command line. The only place that reads `process.env`.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { HedgerowError, messageOf } from '../core/errors.js';
import { configSchema, type Config } from './schema.js';

const maxFileBytes = 1024 * 1024;

export interface LoadOptions {
  /** folder of the package: where `config/default.yaml` stands */
  readonly packageFolder: string;
  /** the operator's file, from `--config` or HEDGEROW_CONFIG */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** what the command line says, in the form of the configuration */
  readonly overrides?: object;
}

export interface Loaded {
  readonly config: Config;
  /** secrets that do not belong into the configuration object, so that it can be printed after `redact` */
  readonly secrets: { readonly adminToken: string | null; readonly key: string | null; readonly keyFile: string };
}

/** @throws HedgerowError `config.invalid` naming the file, the key and what is wrong with it */
export function loadConfig(options: LoadOptions): Loaded {
  const defaults = readYaml(path.join(options.packageFolder, 'config', 'default.yaml'));
  const file = options.file ?? options.env['HEDGEROW_CONFIG'];
  const own = file ? readYaml(file) : {};
  const merged = [own, fromEnvironment(options.env, own), options.overrides ?? {}].reduce<unknown>(merge, defaults);
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    throw new HedgerowError('config.invalid', `The configuration${file ? ` (${file})` : ''} is wrong:\n${z.prettifyError(parsed.error)}`);
  }
  const config = parsed.data;
  return {
    config,
    secrets: {
      adminToken: options.env['HEDGEROW_ADMIN_TOKEN'] ?? null,
      key: options.env['HEDGEROW_KEY'] ?? null,
      keyFile: options.env['HEDGEROW_KEY_FILE'] ?? path.join(config.dataFolder, 'sealing.key'),
    },
  };
}

/** `process.env`, read here only. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

function fromEnvironment(env: LoadOptions['env'], own: unknown): object {
  const out: Record<string, Record<string, unknown>> & { dataFolder?: string } = {};
  const set = (section: string, key: string, value: unknown): void => {
    (out[section] ??= {})[key] = value;
  };
  if (env['HEDGEROW_DATA']) (out as { dataFolder?: string }).dataFolder = env['HEDGEROW_DATA'];
  if (env['HEDGEROW_PORT']) set('api', 'port', wholeNumber('HEDGEROW_PORT', env['HEDGEROW_PORT']));
  if (env['HEDGEROW_HOST']) set('api', 'host', env['HEDGEROW_HOST']);
  if (env['HEDGEROW_PUBLIC_URL']) set('api', 'publicUrl', env['HEDGEROW_PUBLIC_URL']);
  if (env['HEDGEROW_LOG_LEVEL']) set('log', 'level', env['HEDGEROW_LOG_LEVEL']);
  if (env['DATABASE_URL']) set('database', 'url', env['DATABASE_URL']);
  if (env['REDIS_URL']) set('queue', 'redisUrl', env['REDIS_URL']);
  if (env['HEDGEROW_MODELS']) set('analyse', 'modelsFolder', env['HEDGEROW_MODELS']);
  const s3 = s3From(env, own);
  if (s3) set('store', 's3', s3);
  return out;
}

/** S3 is used when the environment or the file names an endpoint; each value of the environment wins over the file's. */
function s3From(env: LoadOptions['env'], own: unknown): object | undefined {
  const store = isPlain(own) ? own['store'] : undefined;
  const file = isPlain(store) && isPlain(store['s3']) ? store['s3'] : undefined;
  if (!file && !env['S3_ENDPOINT']) return undefined;
  const named = {
    endpoint: env['S3_ENDPOINT'],
    bucket: env['S3_BUCKET'],
    region: env['S3_REGION'],
    accessKeyId: env['S3_ACCESS_KEY_ID'] ?? (file?.['accessKeyId'] === undefined ? env['AWS_ACCESS_KEY_ID'] : undefined),
    secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? (file?.['secretAccessKey'] === undefined ? env['AWS_SECRET_ACCESS_KEY'] : undefined),
    forcePathStyle: env['S3_FORCE_PATH_STYLE'] === undefined ? undefined : env['S3_FORCE_PATH_STYLE'] !== 'false',
  };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== ''));
  return { bucket: 'hedgerow', region: 'us-east-1', forcePathStyle: true, ...file, ...given };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new HedgerowError('config.invalid', `${name} is "${text}", not a whole number.`);
  return value;
}

function readYaml(file: string): unknown {
  if (!existsSync(file)) throw new HedgerowError('config.invalid', `There is no configuration file ${file}.`, { context: { file } });
  if (statSync(file).size > maxFileBytes) throw new HedgerowError('config.invalid', `${file} is larger than ${maxFileBytes} bytes.`, { context: { file } });
  try {
    // maxAliasCount stops "billion laughs" documents.
    return (parse(readFileSync(file, 'utf8'), { maxAliasCount: 20 }) as unknown) ?? {};
  } catch (cause) {
    throw new HedgerowError('config.invalid', `${file} is not YAML: ${messageOf(cause)}`, { context: { file }, cause });
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(base: unknown, over: unknown): unknown {
  if (!isPlain(base) || !isPlain(over)) return over;
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value !== undefined) out[key] = key in out ? merge(out[key], value) : value;
  }
  return out;
}
