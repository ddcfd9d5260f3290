/** `hedgerow cameras import|export`: the inventory as a table, CSV or JSON. The file goes out as its bytes: the API tells the encoding. */
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { importReport } from '../contract/registry.js';
import { expectOk } from './answers.js';
import type { CliContext } from './context.js';
import { readInputFile } from './input-file.js';
import { forTerminal, progressBar } from './output.js';
import { outputOf, withClient } from './session.js';

const progressLine = z.object({ progress: z.object({ done: z.number(), total: z.number() }) });
const reportLine = z.object({ report: importReport });

export function addCameraTable(cameras: Command, context: CliContext): void {
  cameras
    .command('import <file>')
    .description('register the cameras of a CSV or JSON table; nothing is written when a row is bad, unless --skip-bad')
    .option('--dry-run', 'only say what would happen')
    .option('--skip-bad', 'import the good rows and leave out the bad ones')
    .option('--site <name>', 'site (name or id) of rows that name none')
    .action(async (file: string, options: { dryRun?: boolean; skipBad?: boolean; site?: string }, command: Command) => {
      const print = outputOf(command);
      const bytes = await readInputFile(file);
      const isJson = /\.json$/i.test(file) || (!/\.(csv|tsv|txt)$/i.test(file) && beginsLikeJson(bytes));
      await withClient(context, async (client) => {
        print.progress(`sending ${file} …`);
        const query = new URLSearchParams({ dryRun: String(options.dryRun ?? false), skipBad: String(options.skipBad ?? false) });
        if (options.site) query.set('site', options.site);
        const answer = await client.stream('POST', `/api/v1/cameras/import?${query.toString()}`, { bytes, type: isJson ? 'application/json' : 'text/csv' }, (line) => {
          const told = progressLine.safeParse(line);
          if (told.success) print.progress(progressBar('importing', told.data.progress.done, told.data.progress.total));
        });
        const { report } = expectOk(answer, reportLine);
        print.json(report);
        for (const row of report.rows) {
          for (const { column, reason } of row.problems) print.line(`line ${row.line}${row.name ? ` (${row.name})` : ''}: ${column === '' ? '' : `${column}: `}${reason}`);
        }
        if (report.ignoredColumns?.length) print.line(`not read: ${report.ignoredColumns.join(', ')}`);
        print.line(`${report.created} new, ${report.updated} changed, ${report.unchanged} unchanged, ${report.bad} bad${report.applied ? '' : '; nothing was written'}`);
        if (report.bad > 0 && !report.applied && !report.dryRun) print.line('Mend the rows above, or import the others with --skip-bad.');
        if (report.bad > 0) process.exitCode = 1;
      });
    });

  cameras
    .command('export [file]')
    .description('write the inventory as a table that the import reads, without passwords')
    .addOption(new Option('--format <format>', 'csv or json; told by the name of the file when it is not given').choices(['csv', 'json']))
    .action(async (file: string | undefined, options: { format?: 'csv' | 'json' }, command: Command) => {
      const print = outputOf(command);
      const format = options.format ?? (file && /\.json$/i.test(file) ? 'json' : 'csv');
      await withClient(context, async (client) => {
        const answer = await client.request('GET', `/api/v1/cameras/export?format=${format}`);
        if (answer.status >= 400) expectOk(answer, z.never());
        if (file) {
          await writeFile(file, answer.text);
          print.json({ file, bytes: Buffer.byteLength(answer.text) });
          print.line(`written to ${file}`);
        } else if (print.isJson) print.json(format === 'json' ? answer.body : { csv: answer.text });
        else process.stdout.write(process.stdout.isTTY ? forTerminal(answer.text) : answer.text);
      });
    });
}

/** `[` or `{` after a byte order mark and blanks; in UTF-16 a zero byte stands beside it. */
function beginsLikeJson(bytes: Uint8Array): boolean {
  const first = bytes.subarray(0, 64).find((b) => ![0xef, 0xbb, 0xbf, 0xff, 0xfe, 0, 9, 10, 13, 32].includes(b));
  return first === 0x5b || first === 0x7b;
}
