/** `hedgerow credentials add|list|remove`: log-ins of a site that onboarding tries. A password is read from a terminal or a file, never from the command line. */
import { InvalidArgumentError, type Command } from 'commander';
import { credentialSet } from '../contract/credential-set.js';
import { site, type Site } from '../contract/site.js';
import { expectOk, problemText, readAll } from './answers.js';
import { CommandFailed, type ApiClient, type CliContext } from './context.js';
import { table } from './output.js';
import { readSecret, readSecretFile } from './secret-input.js';
import { outputOf, withClient } from './session.js';

export function addCredentials(program: Command, context: CliContext): void {
  const credentials = program.command('credentials').description('log-ins of a site that onboarding may try, in order, on its cameras');

  credentials
    .command('add <name>')
    .description('give a site a credential set; the password is asked for, or read from standard input or a file')
    .requiredOption('--site <name>', 'site (name or id)')
    .requiredOption('--username <name>', 'user name on the cameras')
    .option('--password-file <file>', 'file with the password, one line')
    .option('--order <number>', 'the lowest is tried first (default 100)', wholeNumber)
    .action(async (name: string, options: { site: string; username: string; passwordFile?: string; order?: number }, command: Command) => {
      const print = outputOf(command);
      const password = options.passwordFile === undefined ? await readSecret('Password of the cameras') : await readSecretFile(options.passwordFile);
      if (password === '') throw new CommandFailed('The password is empty.');
      await withClient(context, async (client) => {
        const { id: siteId } = await siteNamed(client, options.site);
        const json = { siteId, name, username: options.username, password, ...(options.order === undefined ? {} : { order: options.order }) };
        const added = expectOk(await client.request('POST', '/api/v1/credential-sets', { json }), credentialSet);
        print.json(added);
        print.line(`added ${added.name}`);
      });
    });

  credentials
    .command('list')
    .description('the credential sets, without passwords')
    .option('--site <name>', 'only those of this site (name or id)')
    .action(async (options: { site?: string }, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const sites = await readAll(client, '/api/v1/sites', site);
        const query = options.site === undefined ? '' : `?siteId=${find(sites, options.site).id}`;
        const all = await readAll(client, `/api/v1/credential-sets${query}`, credentialSet);
        print.json(all);
        const siteName = (id: string): string => sites.find((s) => s.id === id)?.name ?? id;
        const rows = all.sort((a, b) => a.siteId.localeCompare(b.siteId) || a.order - b.order).map((c) => [c.id, siteName(c.siteId), String(c.order), c.name, c.username]);
        if (rows.length === 0) print.line('There are none.');
        else for (const line of table([['id', 'site', 'order', 'name', 'user name'], ...rows])) print.line(line);
      });
    });

  credentials
    .command('remove <id>')
    .description('remove a credential set; cameras that it was copied to keep their log-in')
    .action(async (id: string, _options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const answer = await client.request('DELETE', `/api/v1/credential-sets/${encodeURIComponent(id)}`);
        if (answer.status >= 400) throw new CommandFailed(problemText(answer));
        print.json({ removed: id });
        print.line('removed');
      });
    });
}

/** @throws CommandFailed when there is no such site */
export async function siteNamed(client: ApiClient, wanted: string): Promise<Site> {
  return find(await readAll(client, '/api/v1/sites', site), wanted);
}

function find(sites: readonly Site[], wanted: string): Site {
  const found = sites.find((s) => s.id === wanted || s.name === wanted);
  if (!found) throw new CommandFailed(`There is no site "${wanted}".`);
  return found;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 1000) throw new InvalidArgumentError('must be a whole number from 0 to 1000');
  return value;
}
