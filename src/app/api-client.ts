/** The command line's two ways to the same API: over HTTP, or in this process when no Hedgerow runs here. */
import type { ApiAnswer, ApiClient, RequestBody } from '../cli/context.js';
import { Agent, fetch, type Response } from 'undici';
import { z } from 'zod';
import { CommandFailed } from '../cli/context.js';
import { isAbort, messageOf } from '../core/errors.js';
import type { App } from '../app.js';

/** A check reads every picture back: it may take its time before the first byte of the answer. */
const requestTimeoutMs = 6 * 3_600_000;
const connectTimeoutMs = 10_000;
const aliveTimeoutMs = 5_000;
const health = z.object({ status: z.literal('ok') });

/** @throws CommandFailed when the address is none, or does not answer */
export function openHttpClient(target: { url: string; token: string }): ApiClient & { answers(): Promise<boolean> } {
  if (!/^https?:$/.test(URL.canParse(target.url) ? new URL(target.url).protocol : '')) throw new CommandFailed(`"${target.url}" is no address of a Hedgerow: write it like http://127.0.0.1:8080`);
  const base = target.url.replace(/\/+$/, '');
  const dispatcher = new Agent({ headersTimeout: requestTimeoutMs, bodyTimeout: requestTimeoutMs, connect: { timeout: connectTimeoutMs } });
  return {
    where: base,
    async request(method, path, body) {
      try {
        const response: Response = await fetch(`${base}${path}`, { method, dispatcher, ...payload(body, target.token) });
        return answerOf(response.status, await response.text());
      } catch (thrown) {
        throw new CommandFailed(`${base} does not answer: ${reasonOf(thrown)}`);
      }
    },
    async stream(method, path, body, onLine) {
      const { headers, body: sent } = payload(body, target.token);
      try {
        const response: Response = await fetch(`${base}${path}`, { method, dispatcher, headers: { ...headers, accept: lineType }, ...(sent === undefined ? {} : { body: sent }) });
        if (response.status >= 400 || !response.body) return answerOf(response.status, await response.text());
        return await readLines(response.status, response.body as AsyncIterable<Uint8Array>, onLine);
      } catch (thrown) {
        throw thrown instanceof CommandFailed ? thrown : new CommandFailed(`${base} does not answer: ${reasonOf(thrown)}`);
      }
    },
    /** Whether a Hedgerow is there at all. */
    async answers() {
      try {
        const response = await fetch(`${base}/healthz`, { dispatcher, signal: AbortSignal.timeout(aliveTimeoutMs) });
        return health.safeParse(answerOf(response.status, await response.text()).body).success;
      } catch (thrown) {
        return isAbort(thrown) || (thrown instanceof Error && thrown.name === 'TimeoutError');
      }
    },
    close: () => dispatcher.close(),
  };
}

/** "fetch failed" says nothing: what is under it does. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof AggregateError ? messageOf(cause.errors[0]) : messageOf(cause ?? thrown);
}

/** @param app built without roles; it is closed with the client */
export async function openInProcessClient(app: App): Promise<ApiClient> {
  const token = await app.ownToken();
  return {
    where: 'in this process',
    async request(method, path, body) {
      const { body: text, headers } = payload(body, token);
      const reply = await app.api.inject({ method, url: path, headers: { ...headers, host: 'localhost' }, ...(text === undefined ? {} : { payload: text }) });
      return answerOf(reply.statusCode, reply.body);
    },
    async stream(method, path, body, onLine) {
      const { body: text, headers } = payload(body, token);
      const reply = await app.api.inject({ method, url: path, headers: { ...headers, accept: lineType, host: 'localhost' }, payloadAsStream: true, ...(text === undefined ? {} : { payload: text }) });
      return readLines(reply.statusCode, reply.stream() as AsyncIterable<Uint8Array>, onLine);
    },
    close: () => app.close('done'),
  };
}

function payload(body: RequestBody | undefined, token: string): { headers: Record<string, string>; body?: string | Buffer } {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (!body) return { headers };
  if ('json' in body) return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body.json) };
  return { headers: { ...headers, 'content-type': body.type }, body: 'text' in body ? body.text : Buffer.from(body.bytes) };
}

const lineType = 'application/x-ndjson';

/** @returns the last line as the answer, or the problem that came instead of it */
async function readLines(status: number, chunks: AsyncIterable<Uint8Array>, onLine: (line: unknown) => void): Promise<ApiAnswer> {
  const decoder = new TextDecoder();
  let open = '';
  let last: ApiAnswer = { status, body: undefined, text: '' };
  const take = (text: string): void => {
    if (text.trim() === '') return;
    last = answerOf(status, text);
    const cut = failure.safeParse(last.body);
    if (cut.success) last = { ...last, status: cut.data.status };
    else if (last.body !== undefined) onLine(last.body);
  };
  for await (const chunk of chunks) {
    const lines = (open + decoder.decode(chunk, { stream: true })).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) take(line);
  }
  take(open);
  return last;
}

/** A problem in the middle of an answer that began well. */
const failure = z.object({ status: z.number().int().min(400), code: z.string(), title: z.string() });

function answerOf(status: number, text: string): ApiAnswer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status, body, text };
}
