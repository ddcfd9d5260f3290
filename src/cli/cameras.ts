/** `hedgerow cameras import|export|list|probe`. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { camera, rung } from '../contract/camera.js';
import { importReport } from '../contract/registry.js';
import { expectOk, readAll } from './answers.js';
import { CommandFailed, type CliContext } from './context.js';
import { createOutput, forTerminal, table } from './output.js';

const maxTableBytes = 16 * 1024 * 1024;

export function addCameras(program: Command, context: CliContext): void {
  const cameras = program.command('cameras').description('the inventory');

  cameras
    .command('import <file>')
    .description('register the cameras of a CSV table; nothing is written when a row is bad, unless --skip-bad')
    .option('--dry-run', 'only say what would happen')
    .option('--skip-bad', 'import the good rows and leave out the bad ones')
    .option('--site <name>', 'site (name or id) of rows that name none')
    .action(async (file: string, options: { dryRun?: boolean; skipBad?: boolean; site?: string }, command: Command) => {
      const print = outputOf(command);
      const size = await stat(file).catch(() => undefined);
      if (!size?.isFile()) throw new CommandFailed(`There is no file ${file}.`);
      if (size.size > maxTableBytes) throw new CommandFailed(`${file} has ${size.size} bytes; at most ${maxTableBytes} are read.`);
      const text = await readFile(file, 'utf8');
      await withClient(context, async (client) => {
        print.progress(`importing ${file} …`);
        const query = new URLSearchParams({ dryRun: String(options.dryRun ?? false), skipBad: String(options.skipBad ?? false) });
        if (options.site) query.set('site', options.site);
        const answer = await client.request('POST', `/api/v1/cameras/import?${query.toString()}`, { text, type: 'text/csv' });
        const report = expectOk(answer, importReport);
        print.json(report);
        for (const row of report.rows) {
          for (const { column, reason } of row.problems) print.line(`line ${row.line}${row.name ? ` (${row.name})` : ''}: ${column}: ${reason}`);
        }
        print.line(`${report.created} new, ${report.updated} changed, ${report.unchanged} unchanged, ${report.bad} bad${report.applied ? '' : '; nothing was written'}`);
        if (report.bad > 0 && !report.applied && !report.dryRun) print.line('Mend the rows above, or import the others with --skip-bad.');
        if (report.bad > 0) process.exitCode = 1;
      });
    });

  cameras
    .command('export [file]')
    .description('write the inventory as CSV, without passwords')
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const answer = await client.request('GET', '/api/v1/cameras/export');
        if (answer.status >= 400) expectOk(answer, z.never());
        if (file) {
          await writeFile(file, answer.text);
          print.json({ file, bytes: Buffer.byteLength(answer.text) });
          print.line(`written to ${file}`);
        } else if (print.isJson) print.json({ csv: answer.text });
        else process.stdout.write(process.stdout.isTTY ? forTerminal(answer.text) : answer.text);
      });
    });

  cameras
    .command('list')
    .description('every camera with its state')
    .action(async (_options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const all = await readAll(client, '/api/v1/cameras', camera, (n) => print.progress(`${n} cameras …`));
        print.json(all);
        const rows = all.map((c) => [c.id, c.name, c.state, c.pictureStatus, c.detector, c.address, c.stateReason ?? '']);
        for (const line of table([['id', 'name', 'state', 'picture', 'detector', 'address', 'why'], ...rows])) print.line(line);
      });
    });

  cameras
    .command('probe <id>')
    .description('climb the onboarding ladder of one camera now')
    .action(async (id: string, _options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        print.progress('climbing the ladder …');
        const answer = await client.request('POST', `/api/v1/cameras/${encodeURIComponent(id)}/probe`);
        const { rungs } = expectOk(answer, z.object({ rungs: z.array(rung) }));
        print.json(rungs);
        for (const line of table(rungs.map((r) => [r.status, r.name, r.seen, r.todo]))) print.line(line);
        if (rungs.some((r) => r.status === 'fail')) process.exitCode = 1;
      });
    });
}

export function outputOf(command: Command) {
  return createOutput(command.optsWithGlobals<{ json?: boolean }>().json ?? false);
}

export async function withClient(context: CliContext, work: (client: Awaited<ReturnType<CliContext['openClient']>>) => Promise<void>): Promise<void> {
  const client = await context.openClient();
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
