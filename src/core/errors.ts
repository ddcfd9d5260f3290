/** The one error type of the project. A thrown error is ours; what others throw becomes its `cause`. */
import { errorCodes, errorKinds, type ErrorCode, type ErrorKind } from './error-codes.js';

export type ErrorContext = Readonly<Record<string, string | number | boolean | null | undefined>>;

export class HedgerowError extends Error {
  override readonly name = 'HedgerowError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  /** Finds the camera, the run, the frame. Never holds a secret or a byte of a frame. */
  readonly context: ErrorContext;

  /** @param message what was expected, what was seen, and what to do, in one or two sentences */
  constructor(code: ErrorCode, message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = errorCodes[code].kind;
    this.context = options.context ?? {};
  }

  get httpStatus(): number {
    return errorKinds[this.kind].httpStatus;
  }

  get retryable(): boolean {
    return errorKinds[this.kind].retry;
  }
}

/** Ours as it is; anything else as a defect with its cause kept. */
export function asHedgerowError(thrown: unknown): HedgerowError {
  if (thrown instanceof HedgerowError) return thrown;
  if (isAbort(thrown)) return new HedgerowError('process.aborted', 'Stopped before it was done.', { cause: thrown });
  return new HedgerowError('process.defect', messageOf(thrown), { cause: thrown });
}

export function isAbort(thrown: unknown): boolean {
  return (
    (thrown instanceof HedgerowError && thrown.kind === 'aborted') ||
    (thrown instanceof Error && (thrown.name === 'AbortError' || (thrown as { code?: unknown }).code === 'ABORT_ERR'))
  );
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system or library error ("ECONNREFUSED", "ENOSPC"), or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
