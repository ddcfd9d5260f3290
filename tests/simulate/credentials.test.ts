import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createDigestDoor, parseDigest } from '../../src/simulate/auth/http-digest.js';
import { createLockout } from '../../src/simulate/auth/lockout.js';
import { createUsernameTokenDoor, passwordDigest } from '../../src/simulate/auth/username-token.js';
import { digestHeader } from './support/soap-client.js';

const login = { username: 'hedgerow', password: 'geheim' };
const passwordOf = (username: string): string | undefined => (username === login.username ? login.password : undefined);
const url = 'http://127.0.0.1:1/onvif/device_service';

describe('HTTP Digest', () => {
  const door = (clock = new SimulatedClock(), qop = true): ReturnType<typeof createDigestDoor> => createDigestDoor({ realm: 'r', passwordOf, clock, qop, nonceLifeMs: 60_000 });

  it('takes each count of a nonce once', () => {
    const d = door();
    const challenge = d.challenge();
    expect(d.verify(digestHeader(challenge, login, url, '00000001'), 'POST')).toBe('right');
    expect(d.verify(digestHeader(challenge, login, url, '00000002'), 'POST')).toBe('right');
    expect(d.verify(digestHeader(challenge, login, url, '00000002'), 'POST')).toBe('stale');
  });

  it('says stale for an old nonce and for one that it never gave, but wrong for a wrong password', async () => {
    const clock = new SimulatedClock();
    const d = door(clock);
    const challenge = d.challenge();
    await clock.advance(61_000);
    expect(d.verify(digestHeader(challenge, login, url), 'POST')).toBe('stale');
    expect(d.verify(digestHeader(challenge.replace(/nonce="[^"]+"/, 'nonce="made.up"'), login, url), 'POST')).toBe('stale');
    expect(d.verify(digestHeader(d.challenge(), { ...login, password: 'x' }, url), 'POST')).toBe('wrong');
    expect(d.challenge(true)).toContain('stale=TRUE');
  });

  it('refuses another method, another user, another scheme, and a missing qop where it asked for one', () => {
    const d = door();
    expect(d.verify(digestHeader(d.challenge(), login, url), 'GET')).toBe('wrong');
    expect(d.verify(digestHeader(d.challenge(), { ...login, username: 'root' }, url), 'POST')).toBe('wrong');
    expect(d.verify('Basic aGVkZ2Vyb3c6Z2VoZWlt', 'POST')).toBe('wrong');
    expect(d.verify(digestHeader(d.challenge().replace(', qop="auth"', ''), login, url), 'POST')).toBe('wrong');
    expect(door(undefined, false).challenge()).not.toContain('qop');
  });

  it('reads quoted and bare fields and refuses floods', () => {
    expect(parseDigest('digest a="1, 2", nc=00000001')?.get('a')).toBe('1, 2');
    expect(parseDigest('Digest nc=00000001')?.get('nc')).toBe('00000001');
    expect(parseDigest(`Digest a="${'x'.repeat(5000)}"`)).toBeUndefined();
  });
});

describe('UsernameToken', () => {
  it('computes the digest of the ONVIF core specification', () => {
    expect(passwordDigest('LKqI6G/AikKCQrN0zqZFlg==', '2010-09-16T07:50:45Z', 'userpassword')).toBe('tuOSpGlFlIXsozq4HFNeeGeFLEI=');
  });

  it.each([
    [0, 'right'], [4_999, 'right'], [-5_000, 'right'], [5_001, 'wrong'], [-5_001, 'wrong'],
  ])('judges a token that is %i ms off as %s, by the clock of the camera', (offMs, verdict) => {
    const cameraNowMs = Date.UTC(1999, 0, 1, 12);
    const d = createUsernameTokenDoor({ passwordOf, nowMs: () => cameraNowMs });
    const created = new Date(cameraNowMs + offMs).toISOString();
    expect(d.verify({ username: login.username, nonceBase64: 'AAAA', created, digest: passwordDigest('AAAA', created, login.password) })).toBe(verdict);
  });

  it('refuses a nonce twice, an empty nonce, a time without zone, a plain password', () => {
    const nowMs = Date.UTC(2026, 0, 1);
    const d = createUsernameTokenDoor({ passwordOf, nowMs: () => nowMs });
    const created = new Date(nowMs).toISOString();
    const token = (nonceBase64: string, at = created): { username: string; nonceBase64: string; created: string; digest: string } => ({ username: login.username, nonceBase64, created: at, digest: passwordDigest(nonceBase64, at, login.password) });
    expect(d.verify(token('BBBB'))).toBe('right');
    expect(d.verify(token('BBBB'))).toBe('wrong');
    expect(d.verify(token(''))).toBe('wrong');
    expect(d.verify(token('CCCC', created.slice(0, -1)))).toBe('wrong');
    expect(d.verify(token('CCCC', created.replace('Z', '+00:00')))).toBe('wrong');
    expect(d.verify(token('CCCC', 'tomorrow'))).toBe('wrong');
    expect(d.verify({ ...token('DDDD'), digest: login.password })).toBe('wrong');
    expect(d.verify({ ...token('DDDD'), digest: createHash('sha1').update(login.password).digest('base64') })).toBe('wrong');
  });
});

describe('lock-out', () => {
  it('locks on the eighth wrong try for a minute, and a right one in between begins anew', async () => {
    const clock = new SimulatedClock();
    const lockout = createLockout({ clock });
    for (let i = 0; i < 7; i++) lockout.wrong();
    lockout.right();
    for (let i = 0; i < 7; i++) lockout.wrong();
    expect(lockout.locked()).toBe(false);
    lockout.wrong();
    expect(lockout.locked()).toBe(true);
    await clock.advance(59_999);
    expect(lockout.locked()).toBe(true);
    await clock.advance(1);
    expect(lockout.locked()).toBe(false);
  });
});
