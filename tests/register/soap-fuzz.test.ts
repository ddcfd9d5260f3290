/** 37,000 damaged replies through the reader of XML, envelopes and faults: a message, or our error, and never for long. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { HedgerowError } from '../../src/core/errors.js';
import { readEnvelope } from '../../src/register/adapters/onvif/soap-message.js';
import { judgeReply } from '../../src/register/adapters/onvif/soap-verdict.js';
import { attribute, children, find, numberAt, parseXml, textAt } from '../../src/register/soap-xml.js';
import { corpus, damagedReply } from './soap-mutations.js';

const url = new URL('http://127.0.0.1/');

/** Runs a reader; what it throws is ours, and it takes under a second. */
function survives(read: () => void): void {
  // A machine that is busy may take long once; a reader that does takes long each time.
  for (let tookMs = Infinity, tries = 0; tookMs >= 1000; tries++) {
    expect(tries).toBeLessThan(3);
    const startedMs = performance.now();
    try {
      read();
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError)) throw thrown;
    }
    tookMs = performance.now() - startedMs;
  }
}

function readAll(text: string): void {
  const tree = parseXml(text);
  for (const name of ['Body', 'Fault', 'Profiles', 'Uri', 'nothing']) {
    const found = find(tree, name);
    textAt(found);
    numberAt(found, 'Code', 'Value');
    attribute(found, 'token');
    children(found, 'Text');
  }
}

// For a machine that is busy with everything else.
vi.setConfig({ testTimeout: 120_000 });

describe('the reader of replies', () => {
  it('reads every reply of the corpus, or says why not', () => {
    for (const text of corpus) survives(() => readEnvelope(text));
  });

  it.each([1, 2, 3])('gives a tree or our error for a damaged reply (part %i of 3: 8,000)', () => {
    fc.assert(fc.property(damagedReply, (text) => survives(() => readAll(text))), { numRuns: 8000 });
  });

  it('gives a verdict for a damaged reply with any status (8,000)', () => {
    const challenge = fc.oneof(fc.constant('Digest realm="r", nonce="n", qop="auth"'), fc.constant('Basic realm="x"'), fc.string({ maxLength: 60 }));
    fc.assert(
      fc.property(damagedReply, fc.constantFrom(200, 204, 400, 401, 403, 404, 500, 0), fc.array(challenge, { maxLength: 2 }), (body, status, challenges) =>
        survives(() => expect(['answer', 'refused', 'failed']).toContain(judgeReply({ status, body, challenges, url, cut: false }).status)),
      ),
      { numRuns: 8000 },
    );
  });

  it('gives a tree or our error for any bytes (4,000)', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => survives(() => readAll(Buffer.from(bytes).toString('utf8')))), { numRuns: 4000 });
  });

  it('refuses document types and entities wherever they stand', () => {
    fc.assert(
      fc.property(fc.constantFrom(...corpus.filter((c) => c.length > 100)), fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom('<!DOCTYPE a [', '<!ENTITY a "b">', '<!doctype x>', '<!EnTiTy'), (text, where, put) => {
        const i = Math.floor(where * text.length);
        expect(() => parseXml(`${text.slice(0, i)}${put}${text.slice(i)}`)).toThrow(HedgerowError);
      }),
      { numRuns: 1000 },
    );
  });
});
