/** 28,000 damaged replies through what reads above XML: services, profiles, addresses, clocks, events, discovery, digest. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createConversation, type Conversation } from '../../src/register/adapters/onvif/conversation.js';
import { readDeviceClock, readIdentity, readInformation, readServices } from '../../src/register/adapters/onvif/device-facts.js';
import { answerDigest, readDigestChallenge } from '../../src/register/adapters/onvif/http-digest.js';
import { readProfiles, readStreamAddress } from '../../src/register/adapters/onvif/media-profiles.js';
import { readDigitalInputs } from '../../src/register/adapters/onvif/digital-inputs.js';
import { readInputEvent, subscribe } from '../../src/register/adapters/onvif/pull-point.js';
import type { DeviceServices, MediaProfile } from '../../src/register/onvif-client.js';
import { readDiscoveryMessage } from '../../src/register/discovery-message.js';
import { children, find, parseXml } from '../../src/register/soap-xml.js';
import { corpus, damagedReply } from './soap-mutations.js';

const clock = new SimulatedClock();
const signal = new AbortController().signal;
const here = 'http://127.0.0.1/x';
const services: DeviceServices = { media1: here, media2: `${here}2`, events: here, deviceIo: here, recording: here, search: here, analytics: here, told: [here, 'http://10.0.0.1/other'] };
const profile: MediaProfile = { token: 'p', name: '', media: 1, codec: null, widthPx: null, heightPx: null, fps: null, bitrateKbps: null, gopFrames: null, sourceToken: null, audio: null, analytics: null };

/** A conversation with a device that says one and the same thing. */
async function talkingTo(body: string, status: number): Promise<Conversation> {
  const pinned = await new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) }).pin('127.0.0.1');
  const transport: Parameters<typeof createConversation>[0]['transport'] = (request) => Promise.resolve({ status, body, challenges: [], url: request.url, cut: false });
  const conversation: Conversation = createConversation({ url: new URL(here), pinned, username: 'op', password: 'p', authMode: null, transport, clock, signal, readClock: () => readDeviceClock(conversation, clock) });
  return conversation;
}

const readers: Readonly<Record<string, (conversation: Conversation) => Promise<unknown>>> = {
  clock: (c) => readDeviceClock(c, clock),
  information: readInformation,
  identity: readIdentity,
  services: readServices,
  profiles: (c) => readProfiles(c, services),
  streamAddress: (c) => readStreamAddress(c, services, profile),
  digitalInputs: (c) => readDigitalInputs(c, services),
  async subscription(c) {
    const point = await subscribe(c, services, clock);
    await point.pull(1000);
    await point.renew();
    await point.close();
  },
};

// For a machine that is busy with everything else.
vi.setConfig({ testTimeout: 120_000 });

describe('the readers above XML', () => {
  it.each([1, 2])('answer, or throw our error, for a damaged reply (part %i of 2: 6,000)', async () => {
    await fc.assert(
      fc.asyncProperty(damagedReply, fc.constantFrom(...Object.keys(readers)), fc.constantFrom(200, 200, 200, 400, 500), async (body, reader, status) => {
        // A machine that is busy may take long once; a reader that does takes long each time.
        for (let tookMs = Infinity, tries = 0; tookMs >= 1000; tries++) {
          expect(tries).toBeLessThan(3);
          const startedMs = performance.now();
          try {
            await readers[reader]?.(await talkingTo(body, status));
          } catch (thrown) {
            if (!(thrown instanceof HedgerowError)) throw thrown;
          }
          tookMs = performance.now() - startedMs;
        }
      }),
      { numRuns: 6000 },
    );
  });

  it('read every reply of the corpus as every kind', async () => {
    for (const body of corpus) {
      for (const read of Object.values(readers)) {
        await read(await talkingTo(body, 200)).catch((thrown: unknown) => expect(thrown).toBeInstanceOf(HedgerowError));
      }
    }
  });

  it('find events, or none, in a damaged reply (4,000)', () => {
    fc.assert(
      fc.property(damagedReply, (text) => {
        try {
          for (const message of children(find(parseXml(text), 'PullMessagesResponse'), 'NotificationMessage')) for (const event of readInputEvent(message)) expect(event.input.length).toBeLessThanOrEqual(100);
        } catch (thrown) {
          if (!(thrown instanceof HedgerowError)) throw thrown;
        }
      }),
      { numRuns: 4000 },
    );
  });

  it('find devices, or none, in a damaged datagram, and never throw (6,000)', () => {
    fc.assert(fc.property(damagedReply, (text) => void readDiscoveryMessage(Buffer.from(text, 'utf8'))), { numRuns: 6000 });
  });

  it('answer a damaged challenge with a header that can be sent, or not at all (6,000)', () => {
    const piece = fc.oneof(fc.constantFrom('Digest ', 'Basic ', 'realm=', 'nonce=', 'qop=', 'algorithm=', 'stale=', 'opaque=', '"', '\\', ',', ' ', '=', 'auth', 'MD5', 'SHA-256', 'MD5-sess', '\u0001', '\u00e9', 'TRUE', "'"), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 20 }).map((p) => p.join('')), { maxLength: 3 }), (headers) => {
        const challenge = readDigestChallenge(headers);
        if (challenge === null) return;
        // eslint-disable-next-line no-control-regex -- control characters are what must not be in a header
        expect(answerDigest(challenge, { method: 'POST', uri: '/x', username: 'o"p', password: 's', count: 1 })).not.toMatch(/[\u0000-\u001f\u007f]/);
      }),
      { numRuns: 6000 },
    );
  });
});
