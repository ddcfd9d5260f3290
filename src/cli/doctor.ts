/** `hedgerow doctor`: what this machine has, what is missing, and the command that brings it. */
import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { environment } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { messageOf } from '../core/errors.js';
import { outputOf } from './cameras.js';
import type { CliContext } from './context.js';
import { table } from './output.js';

interface Finding {
  readonly what: string;
  readonly status: 'ok' | 'missing' | 'bad';
  readonly detail: string;
}

const lowDiskBytes = 2 * 1024 ** 3;

export function addDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('look at this machine and say what is missing')
    .action(async (_options: object, command: Command) => {
      const print = outputOf(command);
      const findings: Finding[] = [{ what: 'node', status: 'ok', detail: process.version }];
      const config = configuration(context, findings);
      if (config) findings.push(dataFolder(config.dataFolder));
      findings.push(pool(), interfaces());
      if (config) findings.push(...(await weights(context, config.analyse.model)));
      const built = existsSync(path.join(context.packageFolder, 'dist', 'console', 'index.html'));
      findings.push({ what: 'console', status: built ? 'ok' : 'missing', detail: built ? 'built' : 'npm run build' });
      // Without a configuration or a folder there is nothing to ask.
      if (findings.every((f) => f.status !== 'bad' || !['configuration', 'data folder'].includes(f.what))) findings.push(...(await services(context)));
      print.json(findings);
      for (const line of table(findings.map((f) => [f.status, f.what, f.detail]))) print.line(line);
      if (findings.some((f) => f.status === 'bad')) process.exitCode = 1;
    });
}

/** @returns undefined when it is wrong, with a finding that says how */
function configuration(context: CliContext, findings: Finding[]): Config | undefined {
  try {
    const { config } = context.load();
    findings.push({ what: 'configuration', status: 'ok', detail: 'valid' });
    return config;
  } catch (thrown) {
    findings.push({ what: 'configuration', status: 'bad', detail: messageOf(thrown) });
    return undefined;
  }
}

function dataFolder(folder: string): Finding {
  const full = path.resolve(folder);
  let nearest = full;
  while (!existsSync(nearest) && path.dirname(nearest) !== nearest) nearest = path.dirname(nearest);
  try {
    if (!statSync(nearest).isDirectory()) return { what: 'data folder', status: 'bad', detail: `${full}: ${nearest} is no folder` };
    accessSync(nearest, constants.W_OK);
    const { bavail, bsize } = statfsSync(nearest);
    const free = bavail * bsize;
    return { what: 'data folder', status: free < lowDiskBytes ? 'bad' : 'ok', detail: `${full}, ${(free / 1024 ** 3).toFixed(1)} GiB free` };
  } catch (thrown) {
    return { what: 'data folder', status: 'bad', detail: `${full}: ${messageOf(thrown)}` };
  }
}

async function weights(context: CliContext, wanted: string): Promise<Finding[]> {
  const model = (await context.models.list()).find((m) => m.name === wanted);
  if (!model) return [{ what: `weights of ${wanted}`, status: 'bad', detail: 'models/manifest.json does not name this model' }];
  return [{ what: `weights of ${wanted}`, status: model.status === 'ready' ? 'ok' : model.status === 'refused' ? 'bad' : 'missing', detail: model.detail }];
}

function pool(): Finding {
  const size = environment()['UV_THREADPOOL_SIZE'];
  return Number(size ?? 4) >= 64
    ? { what: 'threads for streams', status: 'ok', detail: `${size}` }
    : { what: 'threads for streams', status: 'bad', detail: 'start Hedgerow by its command, or set UV_THREADPOOL_SIZE=256' };
}

function interfaces(): Finding {
  const ipv4 = Object.entries(networkInterfaces()).flatMap(([name, list]) => (list ?? []).filter((a) => a.family === 'IPv4').map((a) => `${name} ${a.cidr ?? a.address}`));
  return { what: 'networks', status: ipv4.length > 0 ? 'ok' : 'bad', detail: ipv4.join(', ') };
}

async function services(context: CliContext): Promise<Finding[]> {
  try {
    const client = await context.openClient();
    try {
      const answer = await client.request('GET', '/readyz');
      const parts = z.object({ parts: z.record(z.string(), z.string()) }).safeParse(answer.body);
      if (!parts.success) return [{ what: 'hedgerow', status: 'bad', detail: `${client.where} answers, and is no Hedgerow` }];
      return [{ what: 'hedgerow', status: 'ok', detail: client.where }, ...Object.entries(parts.data.parts).map(([what, detail]): Finding => ({ what, status: detail === 'ok' ? 'ok' : 'bad', detail }))];
    } finally {
      await client.close();
    }
  } catch (thrown) {
    return [{ what: 'stores', status: 'bad', detail: messageOf(thrown) }];
  }
}
