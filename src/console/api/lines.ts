/** Answers that come line by line (NDJSON): what is known is shown at once, and leaving the page stops the work. */
import { pathWith } from './client.js';
import { Problem, problemOf } from './problem.js';

interface LineOptions {
  readonly query?: Record<string, string | number | boolean | null | undefined>;
  readonly json?: unknown;
  readonly raw?: { type: string; body: Blob | string };
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param onLine every line, parsed
 * @throws Problem for an answer that is not 2xx, for none, and for a problem that comes as a line
 */
export async function readLines(path: string, options: LineOptions, onLine: (line: Record<string, unknown>) => void): Promise<void> {
  const type = options.raw?.type ?? 'application/json';
  let response: Response;
  try {
    response = await fetch(pathWith(path, options.query), {
      method: 'POST',
      headers: { 'accept': 'application/x-ndjson', 'content-type': type },
      body: options.raw?.body ?? JSON.stringify(options.json ?? {}),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: options.signal ?? null,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new Problem(0, 'network', 'network', cause instanceof Error ? cause.message : '');
  }
  if (!response.ok || !response.body) throw problemOf(response.status, response.statusText, await response.text().catch(() => ''));
  const take = (line: string): void => {
    if (line.trim() === '') return;
    const value = JSON.parse(line) as Record<string, unknown>;
    if (typeof value['status'] === 'number' && typeof value['code'] === 'string') throw problemOf(value['status'], '', line);
    onLine(value);
  };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  }
  take(rest);
}
