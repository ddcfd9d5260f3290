/** What most commands begin with: where to print, and a client of the API that is closed in the end. */
import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { createOutput } from './output.js';

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
