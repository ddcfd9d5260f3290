/** An error of the API (RFC 9457 problem JSON), or of the way to it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    /** HTTP status; 0 when there was no answer */
    readonly status: number,
    /** from the project's registry of codes, or `network` */
    readonly code: string,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail === '' || detail === title ? title : `${title}: ${detail}`);
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads an answer's body, whatever it is, into a problem. A proxy's HTML page gives the status alone. */
export function problemOf(status: number, statusText: string, body: string): Problem {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = null;
  }
  const fields = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  const title = text(fields['title']) || `${status} ${statusText}`.trim();
  return new Problem(status, text(fields['code']) || `http.${status}`, title, text(fields['detail']));
}

/** Somebody else was first: the alert or row is no longer what was seen. */
export function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.status === 409;
}

/** There is no session, or it has ended. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}
