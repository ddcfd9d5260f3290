/** `hedgerow discover`: asks every network interface, and on demand whole networks, for ONVIF devices; a line each as they answer. */
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { discovered, discoveryProgress, type Discovered, type DiscoveryProgress } from '../contract/registry.js';
import { expectOk } from './answers.js';
import { outputOf, withClient } from './cameras.js';
import { CommandFailed, type CliContext } from './context.js';

const line = z.union([z.object({ device: discovered }), z.object({ progress: discoveryProgress })]);
/** Columns of a list that is not known whole when its first line is written. */
const widths = [46, 28, 20, 48] as const;

interface Options {
  readonly interface?: string[];
  readonly listenMs?: number;
  readonly bridges?: boolean;
  readonly sweep?: string[];
  readonly force?: boolean;
}

export function addDiscover(program: Command, context: CliContext): void {
  program
    .command('discover')
    .description('find ONVIF devices on the local networks')
    .option('--interface <name...>', 'only these interfaces (names or IPv4 addresses)')
    .option('--listen-ms <ms>', 'how long to listen', milliseconds)
    .option('--bridges', 'networks between containers, too')
    .option('--sweep <cidr...>', 'ask every address of these IPv4 networks as well, like 192.168.1.0/24', block)
    .option('--force', 'sweep more than a /20 (4096 addresses)')
    .action(async (options: Options, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const devices = new Map<string, Discovered>();
        const shown = new Map<string, string>();
        let head: DiscoveryProgress | undefined;
        const body = {
          ...(options.interface && { interfaces: options.interface }), ...(options.listenMs && { listenMs: options.listenMs }), ...(options.bridges && { bridges: true }),
          ...(options.sweep && { sweep: options.sweep }), ...(options.force && { force: true }),
        };
        print.progress('asking every interface …');
        const answer = await client.stream('POST', '/api/v1/discovery', { json: body }, (value) => {
          const parsed = line.safeParse(value);
          if (!parsed.success) throw new CommandFailed('The answer is not one of this version of Hedgerow. Is another program, or another version, at that address?');
          if ('device' in parsed.data) {
            const { device } = parsed.data;
            // What was known by its address alone has said who it is.
            devices.delete(`address:${device.address}`);
            devices.set(device.endpointReference, device);
            const text = lineOf(device);
            // More of a device may become known; only what a reader would see is worth another line.
            if (shown.get(device.endpointReference) !== text) print.line(text);
            shown.set(device.endpointReference, text);
            return;
          }
          const { progress } = parsed.data;
          for (const { interface: name, reason } of progress.skipped) if (!head?.skipped.some((s) => s.interface === name)) print.line(`not asked: ${name}: ${reason}`);
          if (!head) print.line(`asking ${progress.scanning.map((s) => (s.interface === null ? s.network : `${s.network} (${s.interface})`)).join(', ') || 'nobody: there is no interface to ask on'}`);
          head = progress;
          print.progress(progressText(progress));
        });
        expectOk({ ...answer, body: answer.status < 400 ? {} : answer.body }, z.object({}));
        const all = [...devices.values()].sort((a, b) => a.address.localeCompare(b.address, 'en', { numeric: true }));
        print.json(all);
        print.line(all.length === 0 ? 'No device answered. Cameras may have discovery or ONVIF switched off: sweep their network with --sweep, or import them with "hedgerow cameras import".' : summary(all));
      });
    });
}

function lineOf(device: Discovered): string {
  const cells = [device.address, device.name ?? '', device.hardware ?? '', device.endpointReference];
  return [...cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)), stateOf(device)].join('  ').trimEnd();
}

function stateOf({ cameraId, moved }: Discovered): string {
  return moved ? 'registered at another address' : cameraId === null ? 'new' : 'registered';
}

function progressText({ scanning, asked, total, found }: DiscoveryProgress): string {
  const networks = scanning.filter((s) => total === 0 || s.via === 'sweep').map((s) => s.network);
  return `${found} found; asking ${networks.join(', ')} …${total === 0 ? '' : ` ${asked} of ${total} addresses`}`;
}

function summary(all: readonly Discovered[]): string {
  const count = (state: string): number => all.filter((device) => stateOf(device) === state).length;
  const moved = count('registered at another address');
  return `${all.length} ${all.length === 1 ? 'device' : 'devices'}: ${count('new')} new, ${count('registered')} registered${moved > 0 ? `, ${moved} registered at another address` : ''}`;
}

function milliseconds(text: string): number {
  const ms = Number(text);
  if (!Number.isInteger(ms) || ms < 100 || ms > 60_000) throw new InvalidArgumentError('must be a whole number from 100 to 60000');
  return ms;
}

function block(text: string, before: string[] | undefined): string[] {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  const [bits = '32'] = parts.splice(4);
  if (parts.length < 4 || parts.some((part) => Number(part) > 255) || Number(bits) > 32) throw new InvalidArgumentError('must be IPv4 networks like 192.168.1.0/24');
  return [...(before ?? []), text];
}
