/** The verbs of the command, and what a failure looks like: exit 0, 1 failed, 2 usage. */
import { Command, CommanderError } from 'commander';
import { HedgerowError, messageOf, systemCodeOf } from '../core/errors.js';
import { addAccess } from './access.js';
import { addCameras } from './cameras.js';
import { addCheck } from './check.js';
import { CommandFailed, type CliContext } from './context.js';
import { addCredentials } from './credentials.js';
import { addDeviceChanges } from './device-changes.js';
import { addDiscover } from './discover.js';
import { addDoctor } from './doctor.js';
import { addLedger } from './ledger.js';
import { addModels } from './models.js';
import { forTerminal } from './output.js';
import { addSites } from './sites.js';
import { addUp } from './up.js';

/** @returns the exit code */
export async function runProgram(args: readonly string[], makeContext: (globals: GlobalOptions) => CliContext): Promise<number> {
  const program = new Command('hedgerow')
    .description('Runs the camera network of a village or a checkpoint so that it can be answered for.')
    .option('--config <file>', 'configuration on top of config/default.yaml')
    .option('--data <folder>', 'data folder (default ./data)')
    .option('--url <address>', 'API of a Hedgerow elsewhere; its token comes from HEDGEROW_ADMIN_TOKEN')
    .option('--json', 'one JSON document on standard output')
    .exitOverride()
    .showHelpAfterError('(hedgerow --help shows the verbs)');
  const context = makeContext({
    get config() {
      return program.opts<{ config?: string }>().config;
    },
    get data() {
      return program.opts<{ data?: string }>().data;
    },
    get url() {
      return program.opts<{ url?: string }>().url;
    },
  });
  program.version(context.version);
  addUp(program, context);
  addDiscover(program, context);
  addCameras(program, context);
  addCredentials(program, context);
  addSites(program, context);
  addDeviceChanges(program, context);
  addCheck(program, context);
  addAccess(program, context);
  addModels(program, context);
  addLedger(program, context);
  addDoctor(program, context);

  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (thrown instanceof CommandFailed) return say(thrown.message);
    if (thrown instanceof HedgerowError) return say(`${thrown.message} (${thrown.code})`);
    // A file that cannot be written, a disk that is full: the system says it well enough.
    if (systemCodeOf(thrown) !== undefined) return say(messageOf(thrown));
    throw thrown;
  }
}

export interface GlobalOptions {
  readonly config: string | undefined;
  readonly data: string | undefined;
  readonly url: string | undefined;
}

function say(message: string): number {
  process.stderr.write(`hedgerow: ${forTerminal(message)}\n`);
  return 1;
}
