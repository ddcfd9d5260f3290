/** Answers that come line by line (NDJSON) while the work goes on, for who asks with "Accept: application/x-ndjson". */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { errorOf, problemOf } from './problem.js';

export const lineType = 'application/x-ndjson';

export function wantsLines(request: FastifyRequest): boolean {
  return request.headers.accept?.includes(lineType) ?? false;
}

/**
 * Begins the answer at once; a failure of the work becomes its last line, a problem.
 * @param work pushes its lines; what it returns is not sent
 */
export function sendLines(request: FastifyRequest, reply: FastifyReply, log: Logger, work: (push: (line: object) => void) => Promise<void>): FastifyReply {
  const lines = new Readable({ read: () => undefined });
  const push = (line: object): void => void (lines.destroyed || lines.push(`${JSON.stringify(line)}\n`));
  void work(push)
    .catch((thrown: unknown) => {
      const error = errorOf(thrown);
      log[error.httpStatus >= 500 ? 'error' : 'debug']({ requestId: request.id, code: error.code, error: messageOf(thrown) }, 'an answer in lines ended early');
      push(problemOf(error, request.id));
    })
    .finally(() => void (lines.destroyed || lines.push(null)));
  return reply.type(lineType).send(lines);
}
