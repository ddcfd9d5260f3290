/** A password from a file, a terminal or standard input; never from the command line, where other users of the machine read it. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { messageOf } from '../core/errors.js';
import { CommandFailed } from './context.js';

/** From standard input; a terminal is asked and echoes nothing. */
export async function readSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) return withoutLineEnd(await text(process.stdin));
  const silent = new Writable({ write: (_chunk, _encoding, done: () => void) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(`${question}: `);
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

/** @throws CommandFailed when the file cannot be read or holds more than one line */
export async function readSecretFile(file: string): Promise<string> {
  const found = withoutLineEnd(await readFile(file, 'utf8').catch((thrown: unknown) => Promise.reject(new CommandFailed(`The password cannot be read: ${messageOf(thrown)}`))));
  if (found === '' || found.includes('\n')) throw new CommandFailed(`${file} holds ${found === '' ? 'nothing' : 'several lines'}; one line with the password is expected.`);
  return found;
}

function withoutLineEnd(read: string): string {
  return read.replace(/\r?\n$/, '');
}
