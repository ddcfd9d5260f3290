/** `hedgerow check`: proves that rows and objects, alerts and deliveries, and the ledger hold together. */
import type { Command } from 'commander';
import { checkReport } from '../contract/store-ports.js';
import { expectOk } from './answers.js';
import { outputOf, withClient } from './cameras.js';
import type { CliContext } from './context.js';

export function addCheck(program: Command, context: CliContext): void {
  program
    .command('check')
    .description('compare the database with the object store, both ways')
    .option('--repair', 'remove objects without a row and rows without an object')
    .option('--fast', 'do not read pictures and reels back')
    .action(async (options: { repair?: boolean; fast?: boolean }, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        print.progress('checking …');
        const answer = await client.request('POST', '/api/v1/check', { json: { repair: options.repair ?? false, readBytes: !options.fast } });
        const report = expectOk(answer, checkReport);
        print.json(report);
        for (const p of report.problems) print.line(`${p.kind}: ${p.subject}: ${p.detail}${p.repaired ? ' (repaired)' : ''}`);
        print.line(`${report.clean ? 'clean' : 'not clean'}: ${report.pictures} pictures, ${report.reels} reels, ${report.objects} objects, ${report.problems.length} problems`);
        if (!report.clean) process.exitCode = 1;
      });
    });
}
