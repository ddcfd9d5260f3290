/** The configuration in a form that may be printed: secrets and the credentials inside addresses are taken out. */
import type { Config } from './schema.js';

const secretKeys = /secret|password|token|accessKeyId/i;

export function redactConfig(config: Config): unknown {
  return redactValue(config);
}

function redactValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, secretKeys.test(k) && v !== null ? '[sealed]' : redactValue(v)]));
  }
  return typeof value === 'string' ? redactText(value) : value;
}

/**
 * Takes user and password out of every address in a text: for log lines and error texts that quote others. Both parts are
 * bounded, so that a long text without blanks takes no longer than another of its length.
 */
export function redactText(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s"']{0,1024}@/gi, '$1[sealed]@');
}
