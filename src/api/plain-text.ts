/**
 * Refuses texts that no database column and no terminal should see, before a request meets its schema: control characters
 * (PostgreSQL stores no zero byte, and a name must not steer the terminal that lists it) and halves of surrogate pairs.
 * Tabs and line ends are text. Bytes (a table as `text/csv`) are judged by who reads them.
 */
import type { FastifyInstance } from 'fastify';
import { RequestRefused } from './problem.js';

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
/** Whole pairs are one character to a pattern with this flag: what it finds is a half. */
const halfPair = /\p{Surrogate}/u;

export function addPlainTextCheck(app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    const found = [request.params, request.query, request.body].map(firstFault).find((fault) => fault !== undefined);
    done(found === undefined ? undefined : new RequestRefused([{ path: '', reason: found }]));
  });
}

/** Walks without recursion: a body may be nested as deep as it is long. */
function firstFault(value: unknown): string | undefined {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const at = open.pop();
    if (typeof at === 'string') {
      if (control.test(at)) return 'a text holds control characters; only tabs and line ends are taken';
      if (halfPair.test(at)) return 'a text holds half of a surrogate pair';
    } else if (typeof at === 'object' && at !== null && !(at instanceof Uint8Array)) {
      for (const inner of Object.values(at)) open.push(inner);
    }
  }
  return undefined;
}
