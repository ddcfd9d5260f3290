/** The live masked view's reader: bytes cut anywhere, lost lines, refusals, and when a picture is old. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/console/api/problem.js';
import { followLive, type LineState, type LiveConnection } from '../../src/console/live/follow-live.js';
import { ageMs, oldAfterMs, picturesPerSecond, withArrival } from '../../src/console/live/live-figures.js';
import { createPainter, type LivePicture } from '../../src/console/live/live-painter.js';
import { boundaryOf, createPartReader, maxBodyBytes, messageOf, type LiveMessage, type Part } from '../../src/console/live/multipart-pictures.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const join = (...parts: readonly (string | Uint8Array)[]): Uint8Array => Buffer.concat(parts.map((p) => (typeof p === 'string' ? text(p) : p)));
/** Bytes that look like delimiters, line ends and an empty head. */
const nasty = join([0xff, 0xd8].reduce((all, b) => all + String.fromCharCode(b), ''), '\r\n--hedge\r\n\r\n--hedge--\r\n\n--', new Uint8Array([0, 255, 13, 10, 45, 45]));
const head = (length: number | null, more = ''): string => `Content-Type: image/jpeg\r\n${length === null ? '' : `Content-Length: ${length}\r\n`}X-Received-At: 2026-11-22T08:00:00.000Z\r\nx-picture-id: p1\r\nX-Mask-Ratio: 0.12${more}\r\n\r\n`;
const withheld = '{"withheld":"moved"}';
const stream = join(
  'a preamble\r\n--hedge\r\n', head(nasty.length), nasty, '\r\n--hedge  \r\n', `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${withheld.length}\r\n\r\n`, withheld,
  '\r\n--hedge\r\n', head(3), new Uint8Array([1, 2, 3]), '\r\n--hedge--\r\nan epilogue\r\n--hedge\r\n',
);

function readAll(chunks: readonly Uint8Array[], boundary = 'hedge'): { parts: Part[]; ended: boolean } {
  const parts: Part[] = [];
  const reader = createPartReader(boundary, (part) => parts.push(part));
  for (const chunk of chunks) reader.feed(chunk);
  return { parts, ended: reader.ended };
}

function check(read: { parts: Part[]; ended: boolean }): void {
  expect(read.ended).toBe(true);
  expect(read.parts.map((p) => p.body.length)).toEqual([nasty.length, withheld.length, 3]);
  expect(Buffer.from(read.parts[0]?.body ?? []).equals(nasty)).toBe(true);
}

describe('the part reader', () => {
  it('reads the same parts wherever the bytes are cut', () => {
    for (let at = 0; at <= stream.length; at++) check(readAll([stream.subarray(0, at), stream.subarray(at)]));
    check(readAll([...stream].map((byte) => new Uint8Array([byte]))));
  });

  it('reads parts without a length up to the next delimiter, cut anywhere', () => {
    const body = join('one\r\nline\n--hed\r\n--', new Uint8Array([0, 200]));
    const open = join('--hedge\r\n', head(null), body, '\r\n--hedge\n', 'content-type: application/json\n\n', withheld, '\n--hedge--');
    for (let at = 0; at <= open.length; at++) {
      const { parts, ended } = readAll([open.subarray(0, at), open.subarray(at)]);
      expect(ended).toBe(true);
      expect(parts.map((p) => Buffer.from(p.body).equals(body) || Buffer.from(p.body).toString() === withheld)).toEqual([true, true]);
    }
  });

  it('hands a part over as soon as its bytes are there, without waiting for the next delimiter', () => {
    expect(readAll([join('--hedge\r\n', head(4), 'abcd')]).parts).toHaveLength(1);
    expect(readAll([join('--hedge\r\n', head(4), 'abc')]).parts).toHaveLength(0);
  });

  it('takes a head without headers, and an empty body', () => {
    expect(readAll([text('--hedge\r\n\r\nx\r\n--hedge\r\nContent-Length: 0\r\n\r\n\r\n--hedge--')]).parts.map((p) => p.body.length)).toEqual([1, 0]);
  });

  it('keeps bodies apart from the bytes that come later', () => {
    const chunk = join('--hedge\r\n', head(null), 'abc\r\n--hedge\r\n');
    const { parts } = readAll([chunk]);
    chunk.fill(0);
    expect(Buffer.from(parts[0]?.body ?? []).toString()).toBe('abc');
  });

  it('gives up on what is not ours instead of filling memory', () => {
    expect(() => readAll([text(`--hedge\r\nContent-Length: ${maxBodyBytes + 1}\r\n\r\n`)])).toThrow();
    expect(() => readAll([text('--hedge\r\nContent-Length: -1\r\n\r\n')])).toThrow();
    expect(() => readAll([text('x'.repeat(9_000))])).toThrow();
    expect(() => readAll([text(`--hedge\r\n${'X-A: b\r\n'.repeat(2_000)}`)])).toThrow();
    expect(readAll([text('--hedgerow\r\n\r\nabc')]).parts).toEqual([]);
  });

  it('never reads more out of any bytes than is in them', () => {
    const piece = fc.oneof(fc.constantFrom('--hedge', '--hedge\r\n', '\r\n', '\n', '--', 'Content-Length: 2', ': ', '\r\n\r\n', 'ab'), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(), (pieces, cut) => {
        const bytes = text(pieces.join(''));
        const at = bytes.length === 0 ? 0 : cut % bytes.length;
        const outcome = (chunks: readonly Uint8Array[]): string => {
          try {
            return JSON.stringify(readAll(chunks).parts.map((p) => [[...p.headers], [...p.body]]));
          } catch {
            return 'refused';
          }
        };
        expect(outcome([bytes.subarray(0, at), bytes.subarray(at)])).toBe(outcome([bytes]));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a message', () => {
  it('is a picture with its time, or the reason why there is none', () => {
    const [first, second] = readAll([stream]).parts.map(messageOf);
    expect(first).toMatchObject({ kind: 'picture', pictureId: 'p1', receivedAt: '2026-11-22T08:00:00.000Z', maskRatio: 0.12 });
    expect(second).toEqual({ kind: 'withheld', reason: 'moved' });
  });

  it('is not made of anything else', () => {
    const part = (headers: Record<string, string>, body = 'x'): Part => ({ headers: new Map(Object.entries(headers)), body: new Uint8Array(text(body)) });
    expect(messageOf(part({ 'content-type': 'image/jpeg' })), 'a picture that does not say when').toBeUndefined();
    expect(messageOf(part({ 'content-type': 'image/jpeg', 'x-received-at': 'yesterday' }))).toBeUndefined();
    expect(messageOf(part({ 'content-type': 'text/html' }))).toBeUndefined();
    for (const body of ['', 'null', '{}', '{"withheld":3}', '[']) expect(messageOf(part({ 'content-type': 'application/json' }, body)), body).toBeUndefined();
    expect(messageOf(part({ 'content-type': 'image/jpeg', 'x-received-at': '2026-11-22T08:00:00Z', 'x-mask-ratio': '7' }))).toMatchObject({ maskRatio: null });
  });

  it('needs a boundary', () => {
    expect(boundaryOf('multipart/x-mixed-replace; boundary=hedge')).toBe('hedge');
    expect(boundaryOf('Multipart/X-Mixed-Replace;charset=x; Boundary="a b"')).toBe('a b');
    for (const type of [null, '', 'image/jpeg', 'multipart/x-mixed-replace', 'text/html; boundary=x']) expect(boundaryOf(type)).toBeNull();
  });
});

describe('following a camera', () => {
  async function* emit(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  }
  const answer = (...chunks: Uint8Array[]): Promise<LiveConnection> => Promise.resolve({ contentType: 'multipart/x-mixed-replace; boundary=hedge', date: 'Sun, 22 Nov 2026 08:00:10 GMT', chunks: emit(...chunks) });
  const nowMs = Date.parse('2026-11-22T08:00:00Z');

  async function follow(script: readonly ((signal: AbortSignal) => Promise<LiveConnection>)[], silent = false) {
    const ending = new AbortController();
    const [messages, states, waits]: [LiveMessage[], LineState[], number[]] = [[], [], []];
    let next = 0;
    await followLive({
      connect: (signal) => {
        const step = script[next++];
        if (step) return step(signal);
        ending.abort();
        return Promise.reject(new Error('end of script'));
      },
      onMessage: (m) => messages.push(m),
      onState: (s) => states.push(s),
      now: () => nowMs,
      wait: (ms, signal) => {
        if (ms === 777) return silent ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
        waits.push(ms);
        return Promise.resolve();
      },
      signal: ending.signal,
      silenceMs: 777,
    });
    return { messages, states, waits };
  }

  it('tells pictures and reasons, how far the clocks are apart, and comes back with back-off', async () => {
    const { messages, states, waits } = await follow([() => answer(stream), () => Promise.reject(new Error('refused')), () => answer(), () => answer(stream)]);
    expect(messages.map((m) => m.kind)).toEqual(['picture', 'withheld', 'picture', 'picture', 'withheld', 'picture']);
    expect(states[1]).toEqual({ status: 'open', serverAheadMs: 10_500 });
    expect(waits).toEqual([500, 1000, 2000, 500]);
    expect(states.map((s) => s.status)).toEqual(['connecting', 'open', 'lost', 'lost', 'open', 'lost', 'open', 'lost']);
  });

  it('ends on a refusal and does not try again', async () => {
    const { states, waits } = await follow([() => Promise.reject(new Problem(403, 'auth.forbidden', 'No', 'Auditors never look live.')), () => answer(stream)]);
    expect(states.at(-1)).toMatchObject({ status: 'refused', problem: { detail: 'Auditors never look live.' } });
    expect(waits).toEqual([]);
  });

  it('tries again when the refusal is for now, and says which it was', async () => {
    const { states, messages } = await follow([() => Promise.reject(new Problem(429, 'request.rate', 'Too many', '')), () => Promise.reject(new Problem(503, 'x', 'Away', '')), () => answer(stream)]);
    expect(states.slice(1, 3)).toMatchObject([{ status: 'lost', problem: { code: 'request.rate' } }, { status: 'lost', problem: { status: 503 } }]);
    expect(messages).toHaveLength(3);
  });

  it('gives a silent line up, and one that is no multipart', async () => {
    const quiet = (signal: AbortSignal): Promise<LiveConnection> =>
      Promise.resolve({ contentType: 'multipart/x-mixed-replace; boundary=hedge', date: null, chunks: (async function* () { await new Promise((resolve) => signal.addEventListener('abort', resolve)); yield text(''); })() });
    expect((await follow([quiet], true)).states.map((s) => s.status)).toEqual(['connecting', 'open', 'lost']);
    expect((await follow([() => Promise.resolve({ contentType: 'text/html', date: null, chunks: emit(stream) })])).messages).toEqual([]);
  });
});

describe('the painter', () => {
  const picture = (n: number): LivePicture => ({ kind: 'picture', jpeg: new Uint8Array([n & 255]), pictureId: String(n), receivedAt: '2026-11-22T08:00:00Z', maskRatio: null });
  function painter(decodes: (n: string) => Promise<void>) {
    const count = { alive: 0, most: 0, made: 0 };
    const drawn: string[] = [];
    const made = createPainter({
      decode: async ({ pictureId }) => {
        await decodes(pictureId ?? '');
        count.made += 1;
        count.most = Math.max(count.most, ++count.alive);
        return { close: () => (count.alive -= 1) };
      },
      draw: (_bitmap, { pictureId }) => drawn.push(pictureId ?? ''),
    });
    return { made, drawn, count };
  }

  it('draws five hundred pictures and keeps none of them', async () => {
    const { made, drawn, count } = painter(() => Promise.resolve());
    for (let n = 0; n < 500; n++) {
      made.offer(picture(n));
      if (n % 3 === 0) await new Promise(setImmediate);
    }
    await new Promise(setImmediate);
    expect(drawn.at(-1)).toBe('499');
    expect(count.made).toBeGreaterThan(300);
    expect(count.most).toBeLessThanOrEqual(2);
    expect(count.alive).toBe(0);
  });

  it('skips to the newest while one is decoded, and goes on after one that is broken', async () => {
    let release = (): void => undefined;
    const { made, drawn } = painter((n) => (n === '1' ? new Promise((resolve) => (release = resolve)) : n === '4' ? Promise.reject(new Error('no JPEG')) : Promise.resolve()));
    for (const n of [1, 2, 3]) made.offer(picture(n));
    release();
    await new Promise(setImmediate);
    for (const n of [4, 5]) made.offer(picture(n));
    await new Promise(setImmediate);
    expect(drawn).toEqual(['1', '3', '5']);
  });

  it('does not draw what was decoded before the picture was taken away', async () => {
    let release = (): void => undefined;
    const { made, drawn, count } = painter(() => new Promise((resolve) => (release = resolve)));
    made.offer(picture(1));
    made.offer(picture(2));
    made.clear();
    release();
    await new Promise(setImmediate);
    expect(drawn).toEqual([]);
    expect(count).toMatchObject({ made: 1, alive: 0 });
  });
});

describe('figures', () => {
  it('never make a picture younger than it is, whatever the clocks say', () => {
    const at = { receivedAtMs: 10_000, arrivedAtMs: 10_200 };
    expect(ageMs(at, 0, 10_700)).toBe(700);
    expect(ageMs(at, -60_000, 10_700), 'the page is a minute ahead').toBe(500);
    expect(ageMs({ ...at, receivedAtMs: 70_000 }, 60_000, 10_700), 'the server is a minute ahead').toBe(700);
  });

  it('say when a picture is old', () => {
    expect(oldAfterMs(1000)).toBe(3000);
    expect(oldAfterMs(10_000)).toBe(30_000);
    expect(oldAfterMs(200)).toBe(2000);
  });

  it('count the pictures of the last ten seconds', () => {
    let arrivals: readonly number[] = [];
    for (let ms = 0; ms <= 30_000; ms += 500) arrivals = withArrival(arrivals, ms);
    expect(arrivals.length).toBe(20);
    expect(picturesPerSecond(arrivals, 30_400)).toBeCloseTo(2, 5);
    expect(picturesPerSecond(arrivals, 36_000)).toBeLessThan(1);
    expect(picturesPerSecond(arrivals, 60_000)).toBe(0);
    expect(picturesPerSecond([], 0)).toBeNull();
    expect(picturesPerSecond([5], 10)).toBeNull();
  });
});
