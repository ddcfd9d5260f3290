/** `hedgerow up|api|worker|jobs`: runs all roles, or one of them, until the process is told to stop. */
import path from 'node:path';
import { existsSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { CommandFailed, type CliContext } from './context.js';
import { createOutput } from './output.js';

export function addUp(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('run everything in one process, with embedded stores unless the environment names others')
    .option('--demo <n>', 'add a simulated village of N cameras', cameraCount)
    .option('--video <file>', 'the simulated cameras play this H.264 file instead of a drawn scene')
    .action(async (options: { demo?: number; video?: string }, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      const video = options.video ? path.resolve(options.video) : null;
      if (video && !existsSync(video)) throw new CommandFailed(`There is no file ${video}.`);
      process.exitCode = await context.serve({
        roles: ['api', 'worker', 'jobs'],
        demo: options.demo ?? null,
        video,
        print: createOutput(json ?? false),
      });
    });

  for (const [role, text] of [
    ['api', 'run the API and the console'],
    ['worker', 'run cameras: ingest and analyse'],
    ['jobs', 'run onboarding, deliveries and retention'],
  ] as const) {
    program
      .command(role)
      .description(`${text} (one role of a cluster; needs DATABASE_URL)`)
      .action(async (_options: object, command: Command) => {
        if (!context.load().config.database.url) {
          throw new CommandFailed(`A single role needs a database that others can reach: set DATABASE_URL, or use "hedgerow up".`);
        }
        const { json } = command.optsWithGlobals<{ json?: boolean }>();
        process.exitCode = await context.serve({ roles: [role], demo: 0, video: null, print: createOutput(json ?? false) });
      });
  }
}

function cameraCount(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0 || n > 500) throw new InvalidArgumentError('must be a whole number from 0 to 500');
  return n;
}
