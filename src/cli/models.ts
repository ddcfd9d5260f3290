/** `hedgerow models list|fetch`: the detector's weights, which are not part of the program. */
import type { Command } from 'commander';
import { outputOf } from './cameras.js';
import { CommandFailed, type CliContext } from './context.js';
import { table } from './output.js';

export function addModels(program: Command, context: CliContext): void {
  const models = program.command('models').description('weights of the detector');

  models
    .command('list')
    .description('the models of the manifest, and whether their weights are here')
    .action(async (_options: object, command: Command) => {
      const print = outputOf(command);
      const all = await context.models.list();
      print.json(all);
      for (const line of table(all.map((m) => [m.name, m.status, m.detail]))) print.line(line);
    });

  models
    .command('fetch [names...]')
    .description('bring the weights that the manifest names and check their SHA-256')
    .option('--from <folder>', 'copy from this folder (a mirror) instead of downloading')
    .action(async (names: string[], options: { from?: string }, command: Command) => {
      const print = outputOf(command);
      const known = (await context.models.list()).map((m) => m.name);
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) throw new CommandFailed(`The manifest names no model "${unknown}"; it has ${known.join(', ')}.`);
      const outcomes = await context.models.fetch({ from: options.from ?? null, only: names, onProgress: (text) => print.progress(text), signal: context.signal });
      print.json(outcomes);
      for (const line of table(outcomes.map((m) => [m.name, m.status, m.detail]))) print.line(line);
      // Without names any of them will do, but a file that is not what the manifest names is never passed over; what was asked for by name must come.
      const ready = outcomes.filter((m) => m.status === 'ready').length;
      if (ready === 0 || outcomes.some((m) => m.status === 'refused') || (names.length > 0 && ready < outcomes.length)) process.exitCode = 1;
    });
}
