/** A file that a command sends to the API, as bytes: tables and maps come in many encodings. */
import { readFile, stat } from 'node:fs/promises';
import { CommandFailed } from './context.js';

/** As much as the API takes by default (`api.bodyLimitBytes`). */
const maxFileBytes = 16 * 1024 * 1024;

/** @throws CommandFailed when there is no such file, or when it is too large */
export async function readInputFile(file: string): Promise<Uint8Array> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new CommandFailed(`There is no file ${file}.`);
  if (found.size > maxFileBytes) throw new CommandFailed(`${file} has ${found.size} bytes; at most ${maxFileBytes} are read.`);
  return readFile(file);
}
