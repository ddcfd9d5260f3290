import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';

const lookup = (host: string) => Promise.resolve({ 'cam.village': ['192.168.1.20'], 'rebind.example': ['127.0.0.1', '10.0.0.9'], 'meta.example': ['169.254.169.254'] }[host] ?? Promise.reject(new Error('ENOTFOUND')));
const guard = new AddressGuard({ allowed: ['10.0.0.0/8', '192.168.0.0/16', 'fc00::/7'], denied: ['10.9.0.0/16'], lookup });
const wide = new AddressGuard({ allowed: ['0.0.0.0/0', '::/0'], denied: ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'], lookup });

describe('AddressGuard', () => {
  it.each(['10.1.2.3', '192.168.1.1', 'fd00::1', '::ffff:10.1.2.3'])('allows %s', (a) => expect(guard.allows(a)).toBe(true));
  it.each(['127.0.0.1', '8.8.8.8', '10.9.1.1', '::1', '::ffff:127.0.0.1', '0x0a000001', '10.1', '167772161', '010.0.0.1', 'cam.village', '', '10.0.0.1%eth0'])(
    'refuses %s',
    (a) => expect(guard.allows(a)).toBe(false),
  );

  it.each(['::', '0.0.0.0', '::127.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '2002:7f00:1::', '2002:a9fe:a9fe::1', 'fe80::1%eth0'])(
    'refuses %s even where all addresses but this machine and link-local ones are allowed',
    (a) => expect(wide.allows(a)).toBe(false),
  );
  it.each(['8.8.8.8', '2001:db8::1', '64:ff9b::808:808', '2002:808:808::1'])('allows %s there', (a) => expect(wide.allows(a)).toBe(true));
  it('allows ::1 where it is listed', () => expect(new AddressGuard({ allowed: ['::1/128'], lookup }).allows('::1')).toBe(true));

  it('pins a name to the address that it checked', async () => {
    expect(await guard.pin('cam.village')).toEqual({ host: 'cam.village', address: '192.168.1.20', family: 4 });
  });

  it('takes the allowed one of several answers', async () => {
    expect((await guard.pin('rebind.example')).address).toBe('10.0.0.9');
  });

  it.each(['meta.example', 'nowhere.example', '169.254.169.254', '[::1]', '2130706433'])('refuses to pin %s', async (host) => {
    await expect(guard.pin(host)).rejects.toMatchObject({ code: 'address.refused' });
  });

  it('judges every IPv4 address as its 32 bits say', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), (a, b, c, d) => {
        const expected = (a === 10 && b !== 9) || (a === 192 && b === 168);
        return guard.allows(`${a}.${b}.${c}.${d}`) === expected && guard.allows(`::ffff:${a}.${b}.${c}.${d}`) === expected;
      }),
    );
  });

  describe('covers', () => {
    it.each(['10.0.0.0/8', '10.9.0.0/15', '10.1.2.3/32', '192.168.4.0/22', 'fd00::/8'])('%s', (cidr) => expect(guard.covers(cidr)).toBe(true));
    it.each(['10.0.0.0/7', '10.9.0.0/16', '10.9.3.0/24', '192.168.0.0/15', '0.0.0.0/0', '::/0', '8.8.8.0/24', '10.0.0.1', 'cam.village', ''])('not %s', (cidr) => expect(guard.covers(cidr)).toBe(false));

    it('a network that two allowed ones make up', () => {
      const halves = new AddressGuard({ allowed: ['10.0.0.0/9', '10.128.0.0/10', '10.192.0.0/10', 'fd00::/9', 'fd80::/9'], lookup });
      expect(halves.covers('10.0.0.0/8')).toBe(true);
      expect(halves.covers('fd00::/8')).toBe(true);
      expect(new AddressGuard({ allowed: ['10.0.0.0/9', '10.128.0.0/10'], lookup }).covers('10.0.0.0/8')).toBe(false);
    });

    it('says of every network what all its addresses say', () => {
      const byte = fc.integer({ min: 0, max: 255 });
      const network = fc.tuple(fc.integer({ min: 0, max: 3 }), byte, fc.integer({ min: 20, max: 32 })).map(([c, d, bits]) => ({ text: `10.0.${c}.${d}/${bits}`, first: ((c * 256 + d) >> (32 - bits)) << (32 - bits), size: 2 ** (32 - bits) }));
      fc.assert(
        fc.property(fc.array(network, { maxLength: 5 }), network, (allowed, asked) => {
          const some = new AddressGuard({ allowed: allowed.map((n) => n.text), lookup });
          const all = Array.from({ length: asked.size }, (_, i) => asked.first + i).every((at) => some.allows(`10.0.${(at >> 8) & 255}.${at & 255}`));
          return some.covers(asked.text) === all;
        }),
        { numRuns: 150, interruptAfterTimeLimit: 8_000 },
      );
    });
  });

  it('never allows an address of a denied network, whatever is allowed besides', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, fc.integer({ min: 8, max: 32 }), byte, byte, fc.integer({ min: 8, max: 32 }), (c, d, allowedBits, e, f, deniedBits) => {
        const both = new AddressGuard({ allowed: ['10.0.0.0/8', `10.9.${c}.${d}/${allowedBits}`], denied: [`10.9.${e}.${f}/${deniedBits}`], lookup });
        return !both.allows(`10.9.${e}.${f}`) && !both.covers(`10.9.${e}.${f}/32`);
      }),
    );
  });
});
