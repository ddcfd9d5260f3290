/** One way to the API: same origin, session cookie, problem JSON on errors, lists read to their end. */
import { Problem, problemOf } from './problem.js';

export const apiBase = '/api/v1';

type Query = Record<string, string | number | boolean | null | undefined>;

export function pathWith(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return `${apiBase}${path}${search === '' ? '' : `?${search}`}`;
}

interface CallOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Query;
  /** sent as JSON */
  json?: unknown;
  /** sent as it is */
  raw?: { type: string; body: Blob | string };
  /** what is wanted when it goes well; JSON when it is left out */
  accept?: string;
  signal?: AbortSignal | undefined;
}

/** @throws Problem for every answer that is not 2xx, and when there is none */
export async function request(path: string, options: CallOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: `${options.accept ?? 'application/json'}, application/problem+json` };
  if (options.json !== undefined) headers['content-type'] = 'application/json';
  if (options.raw) headers['content-type'] = options.raw.type;
  const body = options.json !== undefined ? JSON.stringify(options.json) : (options.raw?.body ?? null);
  let response: Response;
  try {
    response = await fetch(pathWith(path, options.query), { method: options.method ?? 'GET', headers, body, credentials: 'same-origin', cache: 'no-store', signal: options.signal ?? null });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new Problem(0, 'network', 'network', cause instanceof Error ? cause.message : '');
  }
  if (!response.ok) throw problemOf(response.status, response.statusText, await response.text().catch(() => ''));
  return response;
}

/** The JSON of an answer; `undefined` for an empty one. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const response = await request(path, options);
  const body = await response.text();
  return (body === '' ? undefined : JSON.parse(body)) as T;
}

/** Every item of a list, page by page, up to `most`. */
export async function listAll<T>(path: string, query: Query = {}, signal?: AbortSignal, most = 5000): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: T[]; nextCursor: string | null } = await call(path, { query: { ...query, limit: 500, cursor }, signal });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && items.length < most);
  return items;
}
