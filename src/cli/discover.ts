/** `hedgerow discover`: asks every network interface for ONVIF devices. */
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { discovered } from '../contract/registry.js';
import { expectOk } from './answers.js';
import { outputOf, withClient } from './cameras.js';
import type { CliContext } from './context.js';
import { table } from './output.js';

export function addDiscover(program: Command, context: CliContext): void {
  program
    .command('discover')
    .description('find ONVIF devices on the local networks')
    .option('--interface <name...>', 'only these interfaces (names or IPv4 addresses)')
    .option('--listen-ms <ms>', 'how long to listen', milliseconds)
    .action(async (options: { interface?: string[]; listenMs?: number }, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        print.progress('asking every interface …');
        const body = { ...(options.interface ? { interfaces: options.interface } : {}), ...(options.listenMs ? { listenMs: options.listenMs } : {}) };
        const { items } = expectOk(await client.request('POST', '/api/v1/discovery', { json: body }), z.object({ items: z.array(discovered) }));
        print.json(items);
        const rows = items.map((d) => [d.address, d.name ?? '', d.hardware ?? '', d.endpointReference, d.cameraId ? 'registered' : 'new']);
        if (rows.length > 0) for (const line of table([['address', 'name', 'hardware', 'endpoint reference', ''], ...rows])) print.line(line);
        else print.line('No device answered. Cameras may have discovery or ONVIF switched off: import them with "hedgerow cameras import".');
      });
    });
}

function milliseconds(text: string): number {
  const ms = Number(text);
  if (!Number.isInteger(ms) || ms < 100 || ms > 60_000) throw new InvalidArgumentError('must be a whole number from 100 to 60000');
  return ms;
}
