/** `hedgerow sites list|map import|map export`. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { site } from '../contract/site.js';
import { siteMapReport, type SiteMapReport } from '../contract/site-map.js';
import { expectOk, readAll } from './answers.js';
import { CommandFailed, type ApiClient, type CliContext } from './context.js';
import { readInputFile } from './input-file.js';
import { forTerminal, table } from './output.js';
import { outputOf, withClient } from './session.js';

export function addSites(program: Command, context: CliContext): void {
  const sites = program.command('sites').description('sites and their maps');

  sites
    .command('list')
    .description('every site')
    .action(async (_options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const all = await readAll(client, '/api/v1/sites', site, (n) => print.progress(`${n} sites …`));
        print.json(all);
        const rows = all.map((s) => [s.id, s.name, s.timeZone, s.boundary.length > 0 ? 'drawn' : 'not drawn']);
        for (const line of table([['id', 'name', 'time zone', 'boundary'], ...rows])) print.line(line);
      });
    });

  const map = sites.command('map').description('the map of a site: boundary, entrances, places, dwellings, prohibited areas, occluders');

  map
    .command('import <site> <file>')
    .description('read a GeoJSON file; nothing is written when a feature is bad, unless --skip-bad')
    .option('--dry-run', 'only say what would happen')
    .option('--skip-bad', 'take the good features and leave out the bad ones')
    .option('--replace', 'remove the features that the file does not have')
    .action(async (wanted: string, file: string, options: { dryRun?: boolean; skipBad?: boolean; replace?: boolean }, command: Command) => {
      const print = outputOf(command);
      const bytes = await readInputFile(file);
      await withClient(context, async (client) => {
        const siteId = await siteNamed(client, wanted);
        print.progress(`reading ${file} …`);
        const query = new URLSearchParams({ dryRun: String(options.dryRun ?? false), skipBad: String(options.skipBad ?? false), replace: String(options.replace ?? false) });
        const report = expectOk(await client.request('POST', `/api/v1/sites/${siteId}/map?${query.toString()}`, { bytes, type: 'application/geo+json' }), siteMapReport);
        print.json(report);
        for (const line of problemLines(report)) print.line(line);
        print.line(`${report.created} new, ${report.updated} changed, ${report.unchanged} unchanged, ${report.removed} removed, ${report.bad} bad${report.applied ? '' : '; nothing was written'}`);
        if (report.bad > 0 && !report.applied && !report.dryRun) print.line('Mend the features above, or take the others with --skip-bad.');
        if (report.bad > 0) process.exitCode = 1;
      });
    });

  map
    .command('export <site> [file]')
    .description('write the map as GeoJSON that the import reads')
    .action(async (wanted: string, file: string | undefined, _options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const answer = await client.request('GET', `/api/v1/sites/${await siteNamed(client, wanted)}/map`);
        if (answer.status >= 400) expectOk(answer, z.never());
        if (file) {
          await writeFile(file, answer.text);
          print.json({ file, bytes: Buffer.byteLength(answer.text) });
          print.line(`written to ${file}`);
        } else if (print.isJson) print.json(answer.body);
        else process.stdout.write(process.stdout.isTTY ? forTerminal(answer.text) : answer.text);
      });
    });
}

/** @throws CommandFailed when no site of the caller has that name or id */
export async function siteNamed(client: ApiClient, wanted: string): Promise<string> {
  const all = await readAll(client, '/api/v1/sites', site);
  const found = all.find((s) => s.id === wanted) ?? all.find((s) => s.name.toLowerCase() === wanted.toLowerCase());
  if (!found) throw new CommandFailed(`There is no site "${wanted}". ${all.length === 0 ? 'There is none yet.' : `There ${all.length === 1 ? 'is' : 'are'}: ${all.slice(0, 10).map((s) => s.name).join(', ')}.`}`);
  return found.id;
}

function problemLines(report: SiteMapReport): string[] {
  return report.features.flatMap((f) =>
    f.problems.map(({ ring, vertex, reason }) => {
      const where = f.index === null ? 'the file' : `feature ${f.index}${f.name === '' ? '' : ` (${f.name})`}`;
      const at = [ring === null ? null : `ring ${ring}`, vertex === null ? null : `vertex ${vertex}`].filter((part) => part !== null).join(', ');
      return `${where}${at === '' ? '' : `, ${at}`}: ${reason}`;
    }),
  );
}
