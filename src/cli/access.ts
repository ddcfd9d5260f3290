/** `hedgerow token create` and `hedgerow user add`. */
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { token, user } from '../contract/auth-ports.js';
import { role, roles, type Grant, type Role } from '../contract/principal.js';
import { site } from '../contract/site.js';
import { expectOk, readAll } from './answers.js';
import { outputOf, withClient } from './cameras.js';
import { CommandFailed, type ApiClient, type CliContext } from './context.js';
import { readSecret } from './secret-input.js';

export function addAccess(program: Command, context: CliContext): void {
  program
    .command('token')
    .description('API tokens')
    .command('create')
    .description('make an API token; its secret is printed once')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--role <role>', roles.join(', '), parseRole)
    .option('--site <name...>', 'only these sites (name or id); default: all')
    .option('--expires <time>', 'RFC 3339 time after which it is void')
    .action(async (options: { name: string; role: Role; site?: string[]; expires?: string }, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const json = { name: options.name, grants: await grantsOf(client, options), expiresAt: options.expires ?? null };
        const made = expectOk(await client.request('POST', '/api/v1/tokens', { json }), z.object({ token, secret: z.string() }));
        print.json(made);
        print.line(made.secret);
      });
    });

  program
    .command('user')
    .description('people who log in')
    .command('add <name>')
    .description('add a user; the password is read from standard input')
    .requiredOption('--role <role>', roles.join(', '), parseRole)
    .option('--site <name...>', 'only these sites (name or id); default: all')
    .action(async (name: string, options: { role: Role; site?: string[] }, command: Command) => {
      const print = outputOf(command);
      const password = await readSecret('Password (at least 10 characters)');
      await withClient(context, async (client) => {
        const json = { name, password, grants: await grantsOf(client, options) };
        const added = expectOk(await client.request('POST', '/api/v1/users', { json }), user);
        print.json(added);
        print.line(`added ${added.name}`);
      });
    });
}

function parseRole(text: string): Role {
  const parsed = role.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`must be one of ${roles.join(', ')}`);
  return parsed.data;
}

async function grantsOf(client: ApiClient, options: { role: Role; site?: string[] }): Promise<Grant[]> {
  if (!options.site) return [{ role: options.role, siteId: null }];
  const sites = await readAll(client, '/api/v1/sites', site);
  return options.site.map((wanted) => {
    const found = sites.find((s) => s.id === wanted || s.name === wanted);
    if (!found) throw new CommandFailed(`There is no site "${wanted}".`);
    return { role: options.role, siteId: found.id };
  });
}
