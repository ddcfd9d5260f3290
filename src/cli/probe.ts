/** `hedgerow cameras probe`: climbs the ladders of one camera, a site or all, and says what to do about each failure. */
import type { Command } from 'commander';
import { z } from 'zod';
import { camera, rung, rungNames, type Camera, type Rung } from '../contract/camera.js';
import { expectOk, readAll } from './answers.js';
import { CommandFailed, type CliContext } from './context.js';
import { siteNamed } from './credentials.js';
import { progressBar, table } from './output.js';
import { outputOf, withClient } from './session.js';

const outcome = z.object({ cameraId: z.string(), rungs: z.array(rung) });
type Outcome = z.infer<typeof outcome>;

export function addProbe(cameras: Command, context: CliContext): void {
  cameras
    .command('probe [id...]')
    .description('climb the onboarding ladder of cameras now')
    .option('--site <name>', 'all cameras of this site (name or id)')
    .option('--all', 'all cameras')
    .action(async (ids: string[], options: { site?: string; all?: boolean }, command: Command) => {
      if ([ids.length > 0, options.site !== undefined, options.all === true].filter(Boolean).length !== 1) {
        command.error('error: name cameras by id, or give --site or --all');
      }
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const siteId = options.site === undefined ? undefined : (await siteNamed(client, options.site)).id;
        const known = await readAll(client, `/api/v1/cameras${siteId === undefined ? '' : `?siteId=${siteId}`}`, camera);
        const cameraIds = ids.length > 0 ? [...new Set(ids)] : known.map((c) => c.id);
        const unknown = cameraIds.find((id) => !known.some((c) => c.id === id));
        if (unknown !== undefined) throw new CommandFailed(`There is no camera ${unknown}.`);
        const outcomes: Outcome[] = [];
        if (cameraIds.length > 0) {
          print.progress(progressBar('climbing', 0, cameraIds.length));
          const answer = await client.stream('POST', '/api/v1/cameras/probe', { json: { cameraIds } }, (line) => {
            const read = outcome.safeParse(line);
            if (!read.success) return;
            outcomes.push(read.data);
            print.progress(progressBar('climbing', outcomes.length, cameraIds.length));
          });
          expectOk(answer, z.unknown());
          if (outcomes.length < cameraIds.length) throw new CommandFailed(`The answer ended early: ${outcomes.length} of ${cameraIds.length} cameras were probed.`);
        }
        const failed = outcomes.filter((o) => failure(o.rungs));
        const [only] = outcomes;
        // One camera that was named is answered by its rungs alone, many by a list.
        print.json(ids.length === 1 ? (only?.rungs ?? []) : outcomes);
        if (outcomes.length === 1 && only) for (const line of table(only.rungs.map((r) => [r.status, r.name, r.seen, r.todo]))) print.line(line);
        else {
          for (const line of failures(failed, known)) print.line(line);
          print.line(`${outcomes.length - failed.length} of ${outcomes.length} cameras passed every rung.`);
        }
        if (failed.length > 0) process.exitCode = 1;
      });
    });
}

/** Failures by rung, and in a rung by what is to be done: one trip for one kind of fault. */
function failures(failed: readonly Outcome[], known: readonly Camera[]): string[] {
  const lines: string[] = [];
  for (const name of rungNames) {
    const here = failed.map((o) => ({ camera: known.find((c) => c.id === o.cameraId), rung: failure(o.rungs) })).filter((f) => f.rung?.name === name);
    if (here.length === 0) continue;
    lines.push(`${name}: ${here.length} ${here.length === 1 ? 'camera' : 'cameras'}`);
    for (const todo of new Set(here.map((f) => f.rung?.todo ?? ''))) {
      const rows = here.filter((f) => f.rung?.todo === todo).map((f) => [`    ${f.camera?.name ?? ''}`, f.camera?.address ?? '', f.rung?.seen ?? '']);
      lines.push(`  ${todo}`, ...table(rows));
    }
  }
  return lines;
}

function failure(rungs: readonly Rung[]): Rung | undefined {
  return rungs.find((r) => r.status === 'fail');
}
