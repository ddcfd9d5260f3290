/** `hedgerow cameras replace|decommission|devices` and `hedgerow credentials rotate`. */
import type { Command } from 'commander';
import { z } from 'zod';
import { camera } from '../contract/camera.js';
import { deviceRecord, rotation, type Rotation } from '../contract/device-change.js';
import { SystemClock } from '../core/clock.js';
import { expectOk, problemText } from './answers.js';
import { CommandFailed, type ApiClient, type CliContext, type Output } from './context.js';
import { table } from './output.js';
import { readSecret, readSecretFile } from './secret-input.js';
import { outputOf, withClient } from './session.js';
import { siteNamed } from './sites.js';

const pollMs = 1_000;
/** A rotation in which nothing happens for so long waits for something that does not run. */
const patienceMs = 120_000;

/** Attaches to the groups `cameras` and `credentials`, which others may have made. */
export function addDeviceChanges(program: Command, context: CliContext): void {
  const cameras = groupOf(program, 'cameras', 'the inventory');
  const credentials = groupOf(program, 'credentials', 'log-ins of cameras');

  cameras
    .command('replace <id>')
    .description('put another device in the place of a broken one; pictures, alerts and zones stay')
    .requiredOption('--address <address>', 'of the new device')
    .requiredOption('--reason <text>', 'why the old one went')
    .option('--username <name>', 'its account; the password is read from standard input. Without: the credential sets of the site')
    .option('--password-file <file>', 'read the password from a file')
    .action(async (id: string, options: { address: string; reason: string; username?: string; passwordFile?: string }, command: Command) => {
      const print = outputOf(command);
      if (options.passwordFile !== undefined && options.username === undefined) throw new CommandFailed('A password goes with --username.');
      const password = options.username === undefined ? null : await passwordOf(options.passwordFile);
      await withClient(context, async (client) => {
        const json = { address: options.address, reason: options.reason, username: options.username ?? null, password };
        const replaced = expectOk(await client.request('POST', `/api/v1/cameras/${encodeURIComponent(id)}/replace`, { json }), camera);
        print.json(replaced);
        print.line(`${replaced.name}: the device at ${replaced.address} is being onboarded.`);
        if (replaced.pictureStatus === 'moved' && replaced.pictureReason !== null) print.line(replaced.pictureReason);
      });
    });

  cameras
    .command('decommission <id>')
    .description('take a camera out of service for good; its password is destroyed, its pictures end with their retention')
    .requiredOption('--reason <text>', 'why')
    .action(async (id: string, options: { reason: string }, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const answer = await client.request('POST', `/api/v1/cameras/${encodeURIComponent(id)}/decommission`, { json: { reason: options.reason } });
        if (answer.status >= 400) throw new CommandFailed(problemText(answer));
        print.json({ id, decommissioned: true });
        print.line('decommissioned');
      });
    });

  cameras
    .command('devices <id>')
    .description('the devices that stood at a camera’s place')
    .action(async (id: string, _options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const { items } = expectOk(await client.request('GET', `/api/v1/cameras/${encodeURIComponent(id)}/devices`), z.object({ items: z.array(deviceRecord) }));
        print.json(items);
        const rows = items.map((d) => [d.from, d.until ?? 'now', d.address, [d.manufacturer, d.model].filter((t) => t !== null).join(' '), d.serialNumber ?? '', d.reason ?? '']);
        for (const line of table([['from', 'until', 'address', 'device', 'serial number', 'why it went'], ...rows])) print.line(line);
      });
    });

  credentials
    .command('rotate')
    .description('change the password of an account on the cameras of a site, read it back, and roll back where it does not work')
    .requiredOption('--site <name>', 'site (name or id)')
    .requiredOption('--username <name>', 'the account that the cameras are registered with')
    .option('--camera <id...>', 'only these cameras')
    .option('--ask-password', 'one password for all, read from standard input; without: a strong one is made for each camera')
    .option('--password-file <file>', 'one password for all, read from a file')
    .option('--no-wait', 'do not wait for the end')
    .action(async (options: { site: string; username: string; camera?: string[]; askPassword?: boolean; passwordFile?: string; wait: boolean }, command: Command) => {
      const print = outputOf(command);
      const password = options.askPassword === true || options.passwordFile !== undefined ? await passwordOf(options.passwordFile) : null;
      await withClient(context, async (client) => {
        const json = { siteId: await siteNamed(client, options.site), username: options.username, password, cameraIds: options.camera ?? null };
        const begun = expectOk(await client.request('POST', '/api/v1/rotations', { json }), rotation);
        const last = options.wait ? await follow(client, begun, print, context.signal) : begun;
        print.json(last);
        for (const line of table([['status', 'camera', 'seen', 'what to do'], ...last.cameras.map((c) => [c.status, c.name, c.seen, c.todo])])) print.line(line);
        if (isUnderWay(last)) print.line(`It goes on by itself: rotation ${last.id}. Jobs need a process with the role "jobs" (hedgerow up).`);
        if (options.wait && last.cameras.some((c) => c.status !== 'done')) process.exitCode = 1;
      });
    });
}

function groupOf(program: Command, name: string, description: string): Command {
  return program.commands.find((c) => c.name() === name) ?? program.command(name).description(description);
}

function passwordOf(file: string | undefined): Promise<string> {
  return file === undefined ? readSecret('Password of the camera account') : readSecretFile(file);
}

/** Until no camera waits or is being written to; one whose state is unknown is tried again for hours. */
async function follow(client: ApiClient, begun: Rotation, print: Output, signal: AbortSignal): Promise<Rotation> {
  const clock = new SystemClock();
  let last = begun;
  let movedMs = clock.monotonicMs();
  while (isUnderWay(last) && clock.monotonicMs() - movedMs < patienceMs && !signal.aborted) {
    const settled = last.cameras.filter((c) => c.status !== 'waiting' && c.status !== 'writing').length;
    print.progress(`${settled} of ${last.cameras.length} cameras …`);
    await clock.sleep(pollMs, signal).catch(() => undefined);
    const next = expectOk(await client.request('GET', `/api/v1/rotations/${last.id}`), rotation);
    if (JSON.stringify(next.cameras) !== JSON.stringify(last.cameras)) movedMs = clock.monotonicMs();
    last = next;
  }
  return last;
}

function isUnderWay({ cameras }: Rotation): boolean {
  return cameras.some((c) => c.status === 'waiting' || c.status === 'writing');
}
