import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forTerminal } from '../../src/cli/output.js';

describe('what a terminal is sent', () => {
  it.each([
    ['\u001b[2J\u001b[31mPump', '\ufffd[2J\ufffd[31mPump'],
    ['\u009b31mPump\rok', '\ufffd31mPump\ufffdok'],
    ['\u001b]0;title\u0007', '\ufffd]0;title\ufffd'],
    ['gate \u202egpj.exe', 'gate \ufffdgpj.exe'],
    ['柳树渡\tnorth\r\nsouth', '柳树渡\tnorth\r\nsouth'],
  ])('%j', (text, shown) => expect(forTerminal(text)).toBe(shown));

  it('never steers it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = forTerminal(text);
        expect(shown).toHaveLength(text.length);
        // eslint-disable-next-line no-control-regex -- control characters are what must be gone
        expect(shown).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\r(?!\n)/);
      }),
    );
  });
});
