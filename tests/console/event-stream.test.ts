/** The stream's reader: what is parsed, how it comes back, what it asks for. */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { backoffMs, followStream, parseEvent, type StreamConnection, type StreamState } from '../../src/console/live/event-stream.js';
import type { StreamEvent } from '../../src/contract/events.js';

const event = (seq: number): string => JSON.stringify({ seq, at: '2026-01-01T00:00:00Z', siteId: 's', type: 'camera.removed', data: { id: `c${seq}` } });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* emit(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(bytes(chunk));
}

async function* never(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  yield bytes('');
}

/** Follows a script of connections; time passes only by waiting, and waits for silence never end. */
async function follow(script: ((lastEventId: string | null, signal: AbortSignal) => Promise<StreamConnection>)[], silenceEnds = false) {
  const ending = new AbortController();
  const [events, states, asked, waits]: [StreamEvent[], StreamState[], (string | null)[], number[]] = [[], [], [], []];
  let now = 1_000;
  let next = 0;
  await followStream({
    connect: (lastEventId, signal) => {
      asked.push(lastEventId);
      const step = script[next++];
      if (!step) {
        ending.abort();
        return Promise.reject(new Error('end of script'));
      }
      return step(lastEventId, signal);
    },
    onEvent: (e) => events.push(e),
    onState: (s) => states.push(s),
    now: () => now,
    wait: (ms, signal) => {
      if (ms === 777) return silenceEnds ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
    signal: ending.signal,
    silenceMs: 777,
  });
  return { events, states, asked, waits };
}

describe('parseEvent', () => {
  it('takes an event of ours', () => expect(parseEvent(event(3))?.seq).toBe(3));

  it('leaves alone what is not, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const parsed = parseEvent(text);
        expect(parsed === undefined || typeof parsed.seq === 'number').toBe(true);
      }),
    );
  });
});

describe('followStream', () => {
  it('reads named and unnamed events, cut anywhere', async () => {
    const text = `: hello\n\nid: 1\nevent: camera.removed\ndata: ${event(1)}\n\nid: 2\ndata: ${event(2)}\n\n`;
    for (let cut = 1; cut < text.length; cut += 7) {
      const { events } = await follow([() => Promise.resolve({ status: 200, chunks: emit(text.slice(0, cut), text.slice(cut)) })]);
      expect(events.map((e) => e.seq)).toEqual([1, 2]);
    }
  });

  it('comes back with the last id, and says since when it was away', async () => {
    const { asked, states, events } = await follow([
      () => Promise.resolve({ status: 200, chunks: emit(`id: 41\ndata: ${event(41)}\n\n`) }),
      () => Promise.reject(new Error('refused')),
      () => Promise.resolve({ status: 503, chunks: emit() }),
      () => Promise.resolve({ status: 200, chunks: emit(`id: 42\ndata: ${event(42)}\n\n`) }),
    ]);
    expect(asked.slice(0, 4)).toEqual([null, '41', '41', '41']);
    expect(events.map((e) => e.seq)).toEqual([41, 42]);
    const opened = states.filter((s) => s.status === 'open');
    expect(opened[0]).toMatchObject({ lostAtMs: null, lastEventId: null });
    expect(opened[1]).toMatchObject({ lostAtMs: 1_000, lastEventId: '41' });
    expect(states.filter((s) => s.status === 'lost').slice(0, 3).map((s) => s.sinceMs)).toEqual([1_000, 1_000, 1_000]);
  });

  it('waits longer each time, and starts over after it was connected', async () => {
    const fail = () => Promise.reject(new Error('no'));
    const { waits } = await follow([fail, fail, fail, () => Promise.resolve({ status: 200, chunks: emit() }), fail]);
    expect(waits.slice(0, 5)).toEqual([500, 1000, 2000, 500, 1000]);
    expect(backoffMs(50)).toBe(15_000);
  });

  it('stops for good when it may not listen', async () => {
    const { asked, states } = await follow([() => Promise.resolve({ status: 401, chunks: emit() })]);
    expect(asked).toHaveLength(1);
    expect(states.at(-1)).toEqual({ status: 'refused', httpStatus: 401 });
  });

  it('gives up a line that is silent', async () => {
    const { asked } = await follow([(_, signal) => Promise.resolve({ status: 200, chunks: never(signal) })], true);
    expect(asked).toHaveLength(2);
  });
});
