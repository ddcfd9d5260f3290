/**
 * Errors as RFC 9457 problem JSON. The code decides type, title and status. What a client may read about a defect of ours
 * is its title and the request id, under which the log has the rest; causes and stacks never leave the process.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorCodes, errorKinds, type ErrorCode } from '../core/error-codes.js';
import { asHedgerowError, HedgerowError } from '../core/errors.js';

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

export const problem = z.object({
  /** urn:hedgerow:error:<code> */
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  code: z.enum(codes),
  /** what is wrong where in the request */
  errors: z.array(z.object({ path: z.string(), reason: z.string() })).optional(),
  requestId: z.string(),
});
export type Problem = z.infer<typeof problem>;

const maxErrors = 50;
/** A reason may quote what was sent (sixty thousand unknown keys): it is cut. */
const maxReasonChars = 300;

/** A request that does not fit its schema. */
export class RequestRefused extends HedgerowError {
  readonly errors: readonly { path: string; reason: string }[];

  constructor(errors: readonly { path: string; reason: string }[]) {
    const [first, ...more] = errors.slice(0, maxErrors).map(({ path, reason }) => ({ path: path.slice(0, maxReasonChars), reason: reason.slice(0, maxReasonChars) }));
    super('request.invalid', first ? `${first.path === '' ? 'The request' : first.path}: ${first.reason}` : errorCodes['request.invalid'].title);
    this.errors = first ? [first, ...more] : [];
  }
}

/** Whatever was thrown, as one of ours. Fastify's own refusals keep their meaning. */
export function errorOf(thrown: unknown): HedgerowError {
  if (thrown instanceof HedgerowError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    return new RequestRefused(thrown.validation.map((v) => ({ path: pathOf(v.instancePath), reason: v.message ?? 'is wrong' })));
  }
  if (isResponseSerializationError(thrown)) {
    const paths = thrown.cause.issues.slice(0, 5).map((issue) => issue.path.join('.')).join(', ');
    return new HedgerowError('process.defect', `An answer does not have its documented form at ${paths}.`, { cause: thrown });
  }
  const { code, statusCode } = thrown instanceof Error ? (thrown as { code?: unknown; statusCode?: unknown }) : {};
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HedgerowError('request.too-large', 'The body is larger than this address takes.', { cause: thrown });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new HedgerowError('request.invalid', 'This content type is not read here. Send application/json.', { cause: thrown });
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return new HedgerowError('request.invalid', 'The body is empty, but its type says JSON.', { cause: thrown });
  if (statusCode === 404) return new HedgerowError('route.unknown', 'There is no such address.', { cause: thrown });
  if (statusCode === 413) return new HedgerowError('request.too-large', 'The request is larger than this address takes.', { cause: thrown });
  if (statusCode === 429) return new HedgerowError('request.rate', 'Too many requests.', { cause: thrown });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new HedgerowError('request.invalid', 'The body or the address cannot be read: it is malformed.', { cause: thrown });
  }
  return asHedgerowError(thrown);
}

export function problemOf(error: HedgerowError, requestId: string): Problem {
  const { title, kind } = errorCodes[error.code];
  // Out of scope and not there at all must read the same; a defect's text may quote anything, and what a store or a
  // database said names hosts, users and folders of ours.
  const silent = kind === 'internal' || kind === 'notFound' || /^(store|database|queue)\./.test(error.code);
  return {
    type: `urn:hedgerow:error:${error.code}`,
    title,
    status: errorKinds[kind].httpStatus,
    ...(silent ? {} : { detail: error.message }),
    code: error.code,
    ...(error instanceof RequestRefused && error.errors.length > 0 ? { errors: [...error.errors] } : {}),
    requestId,
  };
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: HedgerowError): FastifyReply {
  const body = problemOf(error, request.id);
  const retryAfterMs = error.context['retryAfterMs'];
  if (typeof retryAfterMs === 'number') reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  if (body.status === 401) reply.header('www-authenticate', 'Bearer realm="hedgerow"');
  return reply
    .code(body.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer((text: string) => text)
    .send(JSON.stringify(body));
}

/** `/polygon/0` to `polygon.0` */
function pathOf(instancePath: string): string {
  return instancePath.replace(/^\//, '').replaceAll('/', '.');
}
