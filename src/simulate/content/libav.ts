/** Turns the result codes of libav into our error. */
import { HedgerowError } from '../../core/errors.js';
import { FFmpegError } from 'node-av/lib';

/**
 * @param result what a libav call returned; negative is an error
 * @param what the action, for the message: "open the file"
 * @throws HedgerowError `process.defect`
 */
export function must(result: number, what: string): number {
  if (result >= 0) return result;
  const cause = new FFmpegError(result);
  throw new HedgerowError('process.defect', `The media library could not ${what}: ${cause.message}.`, { cause });
}
