/** `hedgerow cameras commission`: runs the checklist of one camera, of a site, or of all, and prints it as a table. */
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { camera, type Camera } from '../contract/camera.js';
import { commissioning, type Commissioning } from '../contract/commissioning.js';
import { expectOk, readAll } from './answers.js';
import { CommandFailed, type ApiClient, type CliContext, type Output } from './context.js';
import { progressBar, table } from './output.js';
import { outputOf, withClient } from './session.js';
import { siteNamed } from './sites.js';

/** Checklists at once; the API bounds what happens on one device. */
const atOnceByDefault = 4;
const checkLine = z.object({ check: z.object({ name: z.string() }) });
const resultLine = z.object({ commissioning });

interface Options {
  site?: string;
  all?: boolean;
  atOnce: number;
}

type Outcome = { readonly status: 'done'; readonly result: Commissioning } | { readonly status: 'failed'; readonly camera: Camera; readonly reason: string };

export function addCommission(cameras: Command, context: CliContext): void {
  cameras
    .command('commission [id...]')
    .description('run the checklist: streams, clock, recorder, audio, recognition, default password, pose, privacy zones, panic buttons; exit 1 when a check fails')
    .option('--site <name>', 'every camera of this site (name or id)')
    .option('--all', 'every camera')
    .option('--at-once <number>', 'how many at once', number, atOnceByDefault)
    .action(async (ids: string[], options: Options, command: Command) => {
      const print = outputOf(command);
      const ways = [ids.length > 0, options.site !== undefined, options.all === true].filter(Boolean).length;
      if (ways !== 1) command.error('error: name cameras by their ids, or give --site or --all', { exitCode: 2 });
      await withClient(context, async (client) => {
        const chosen = await choose(client, ids, options);
        if (chosen.length === 0) throw new CommandFailed('There is no camera to commission.');
        const outcomes = await commissionAll(client, chosen, options.atOnce, print);
        print.json(outcomes.map((o) => (o.status === 'done' ? o.result : { cameraId: o.camera.id, error: o.reason })));
        for (const outcome of outcomes) show(outcome, print);
        const refused = outcomes.filter((o) => o.status === 'failed' || o.result.verdict === 'refused').length;
        print.line(`${outcomes.length - refused} of ${outcomes.length} commissioned${refused > 0 ? `, ${refused} not` : ''}`);
        if (refused > 0) process.exitCode = 1;
      });
    });
}

async function choose(client: ApiClient, ids: readonly string[], options: Options): Promise<Camera[]> {
  if (ids.length > 0) {
    const chosen: Camera[] = [];
    for (const id of new Set(ids)) chosen.push(expectOk(await client.request('GET', `/api/v1/cameras/${encodeURIComponent(id)}`), camera));
    return chosen;
  }
  const query = options.site === undefined ? '' : `?siteId=${await siteNamed(client, options.site)}`;
  return readAll(client, `/api/v1/cameras${query}`, camera);
}

/** In the order of the cameras, however they finish. One that fails costs the others nothing. */
async function commissionAll(client: ApiClient, chosen: readonly Camera[], atOnce: number, print: Output): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < chosen.length; i = next++) {
      const one = chosen[i];
      if (!one) return;
      outcomes[i] = await commissionOne(client, one, (check) => {
        if (chosen.length === 1) print.progress(`${one.name}: ${check} …`);
      });
      done++;
      print.progress(progressBar('commissioning', done, chosen.length));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, chosen.length) }, work));
  return outcomes;
}

async function commissionOne(client: ApiClient, one: Camera, onCheck: (name: string) => void): Promise<Outcome> {
  let result: Commissioning | undefined;
  try {
    const answer = await client.stream('POST', `/api/v1/cameras/${one.id}/commission`, undefined, (line) => {
      const check = checkLine.safeParse(line);
      if (check.success) onCheck(check.data.check.name);
      result = resultLine.safeParse(line).data?.commissioning ?? result;
    });
    if (answer.status >= 400) expectOk(answer, z.never());
  } catch (thrown) {
    if (!(thrown instanceof CommandFailed)) throw thrown;
    return { status: 'failed', camera: one, reason: thrown.message };
  }
  return result ? { status: 'done', result } : { status: 'failed', camera: one, reason: 'The answer ended before the result.' };
}

function show(outcome: Outcome, print: Output): void {
  if (outcome.status === 'failed') {
    print.line(`${outcome.camera.name} (${outcome.camera.id}): ${outcome.reason}`);
    return;
  }
  const { device, cameraId, verdict, checks } = outcome.result;
  print.line(`${device.name} (${cameraId}): ${verdict}`);
  for (const line of table(checks.map((c) => [`  ${c.status}`, c.name, c.seen]))) print.line(line);
  for (const { name, todo, status } of checks) if (todo !== '' && status !== 'pass') print.line(`  to do, ${name}: ${todo}`);
  print.line('');
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) throw new InvalidArgumentError('must be a whole number from 1 to 64');
  return value;
}
