/** `hedgerow ledger verify`: recomputes the hash chain of the log of who did what. */
import type { Command } from 'commander';
import { z } from 'zod';
import { expectOk } from './answers.js';
import { outputOf, withClient } from './cameras.js';
import type { CliContext } from './context.js';

export function addLedger(program: Command, context: CliContext): void {
  program
    .command('ledger')
    .description('the tamper-evident log')
    .command('verify')
    .description('recompute the chain of the whole ledger')
    .action(async (_options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        print.progress('recomputing …');
        const answer = await client.request('GET', '/api/v1/ledger/verify');
        const result = expectOk(answer, z.object({ entries: z.number(), brokenAt: z.number().nullable() }));
        print.json(result);
        print.line(result.brokenAt === null ? `ok: ${result.entries} entries` : `broken at entry ${result.brokenAt} of ${result.entries}`);
        if (result.brokenAt !== null) process.exitCode = 1;
      });
    });
}
