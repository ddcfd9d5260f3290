/** The log: JSON lines on standard error. Secrets, tokens and credentials in addresses never reach it. */
import pino from 'pino';
import { redactText } from '../config/redact.js';
import type { Config } from '../config/schema.js';

export interface Logger {
  debug(context: object, message: string): void;
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
  error(context: object, message: string): void;
  child(bindings: object): Logger;
}

const censored = ['password', 'secret', 'token', 'authorization', 'cookie', 'rgb', 'jpeg'];

/** @param destination where lines go; standard error by default */
export function createLogger(level: Config['log']['level'], destination: { write(line: string): unknown } = process.stderr): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: censored.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[sealed]' },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err },
      hooks: { streamWrite: redactText },
    },
    destination,
  );
}
