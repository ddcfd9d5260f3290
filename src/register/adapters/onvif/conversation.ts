/**
 * One conversation with one device: who logs in, and how often. The ladder (standards 3.3): ask without a log-in; on a
 * Digest challenge answer that; on a refusal without one (400, 500 or 200 with NotAuthorized, 401 without a challenge)
 * send a UsernameToken in the device's time. Never both at once. A refused log-in is followed by at most one more, and
 * only when something is different about it: the other way, or a clock that was read again. Then it stops, for good; at
 * once where the device says that it is about to lock the account.
 */
import type { PinnedAddress } from '../../../core/address-guard.js';
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import type { AuthMode, DeviceClock } from '../../onvif-client.js';
import type { DevicePolicy } from '../../device-policies.js';
import type { XmlValue } from '../../soap-xml.js';
import { mendedBy, onReachedHost } from '../../told-address.js';
import { skewBy, skewWorthMs, withoutZone, type ClockReadAs } from './device-skew.js';
import { answerDigest, type DigestChallenge } from './http-digest.js';
import { onReachedPort } from './reached-port.js';
import { writeEnvelope } from './soap-message.js';
import { judgeReply, type Judged } from './soap-verdict.js';
import type { SoapTransport } from './soap-transport.js';
import { usernameTokenHeader } from './username-token.js';

export interface Call {
  /** full action URI */
  readonly action: string;
  readonly body: string;
  /** the service's address; the device service when left out */
  readonly url?: string;
  /** further header blocks */
  readonly header?: string;
  readonly extraReplyMs?: number;
}

export interface Conversation {
  readonly authMode: AuthMode | null;
  readonly skewMs: number | null;
  readonly deviations: readonly DevicePolicy[];
  /** Services that were not where the device said: the address that it told, with the service's namespace, to the one that answers. */
  readonly elsewhere: Map<string, string>;
  /** Names a policy that had to be used. */
  deviates(policy: DevicePolicy): void;
  /** Puts an address that the device told on the host that we reached. @returns null when it is none */
  place(told: string): string | null;
  learnedClock(reading: DeviceClock): void;
  /** Without a log-in; where even that is refused, with the one that was proven before. @returns the content of the SOAP body */
  callOpen(call: Call): Promise<XmlValue>;
  /** With whatever log-in the device wants. @returns the content of the SOAP body */
  call(call: Call): Promise<XmlValue>;
  /** The same, with the text of the reply, for what must be sent back as it was. */
  callForSource(call: Call): Promise<{ readonly body: XmlValue; readonly source: string }>;
}

/** `sent`: the log-in that the request really carried. */
type Verdict = Judged & { readonly sent: AuthMode };

/** Refused log-ins after which a conversation sends no more. */
const mostRefusals = 2;
/** A device that says so few are left before it locks the account gets no other one after a refusal. */
const fewAttempts = 2;

const basicOnlyText = 'It asks for the log-in as HTTP Basic, which anybody on the network could read, so it was sent protected, and refused. Switch its ONVIF log-in to Digest.';

export function createConversation(options: {
  url: URL;
  pinned: PinnedAddress;
  username: string | null;
  password: string | null;
  authMode: AuthMode | null;
  transport: SoapTransport;
  clock: Clock;
  signal: AbortSignal;
  /** of one conversation; fewer when the lock-out policy leaves fewer */
  maxRefusals?: number;
  /** reads the clock again, without a log-in */
  readClock: () => Promise<DeviceClock>;
}): Conversation {
  const { url, pinned, username, clock, signal } = options;
  const transport = onReachedPort(options.transport, url, deviates);
  const password = options.password ?? '';
  const maxRefusals = Math.min(mostRefusals, options.maxRefusals ?? mostRefusals);
  const deviations: DevicePolicy[] = [];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  /** A nonce may be bound to an address (Hikvision), so there is one an address. */
  const challenges = new Map<string, { challenge: DigestChallenge; count: number }>();
  let wanted: AuthMode | null = options.authMode;
  let proven: AuthMode | null = null;
  let reading: DeviceClock | null = null;
  let readAs: ClockReadAs = 'utc';
  let skewMs: number | null = null;
  let refusals = 0;
  let resynced = false;
  let resyncing = false;
  /** where a redirect led to: a digest answer is for an address */
  const redirected = new Map<string, URL>();

  function deviates(policy: DevicePolicy): void {
    if (!deviations.includes(policy)) deviations.push(policy);
  }

  async function send(call: Call, login: AuthMode): Promise<Verdict> {
    const asked = call.url === undefined ? url : new URL(call.url);
    const target = redirected.get(asked.href) ?? asked;
    let authorization: string | null = null;
    let header = call.header ?? '';
    let sent: AuthMode = 'none';
    if (login === 'digest' && username !== null) {
      const held = challenges.get(asked.href);
      if (held) {
        held.count++;
        sent = 'digest';
        authorization = answerDigest(held.challenge, { method: 'POST', uri: `${target.pathname}${target.search}`, username, password, count: held.count });
      }
    } else if (login === 'username-token' && username !== null) {
      sent = 'username-token';
      header = usernameTokenHeader(username, password, clock.nowMs() + (skewMs ?? 0)) + header;
    }
    const reply = await transport({
      url: target,
      pinned,
      action: call.action,
      body: writeEnvelope(header, call.body),
      authorization,
      signal,
      ...(call.extraReplyMs === undefined ? {} : { extraReplyMs: call.extraReplyMs }),
    });
    if (reply.cut) deviates('cut-reply');
    if (reply.url.href !== target.href) redirected.set(asked.href, reply.url);
    const verdict = judgeReply(reply);
    if (verdict.status === 'refused') {
      if (verdict.digest) challenges.set(asked.href, { challenge: verdict.digest, count: 0 });
      if (verdict.attemptsLeft !== null) deviates('attempts-left');
    }
    return { ...verdict, sent };
  }

  /** Whether one more log-in could lock the account. A first one is given while it cannot be the last. */
  function wouldLock({ attemptsLeft, sent }: Extract<Verdict, { status: 'refused' }>): boolean {
    return attemptsLeft !== null && attemptsLeft <= (sent === 'none' ? 1 : fewAttempts);
  }

  /** Digest with a nonce that is fresh for this address; a nonce that aged is replaced without counting as a refusal. */
  async function sendDigest(call: Call): Promise<Verdict> {
    const key = (call.url === undefined ? url : new URL(call.url)).href;
    const first = challenges.get(key);
    if (!first) {
      const opened = await send(call, 'none');
      if (opened.status !== 'refused' || !opened.digest || wouldLock(opened)) return opened;
    }
    const reused = (challenges.get(key)?.count ?? 0) > 0;
    const verdict = await send(call, 'digest');
    if (verdict.status !== 'refused' || !verdict.digest || verdict.sent === 'none') return verdict;
    // Stale: the device says that the password was right. An old nonce without that word is given the benefit of the doubt.
    if (!verdict.digest.stale && (!reused || wouldLock(verdict))) return verdict;
    if (!verdict.digest.stale) deviates('aged-nonce');
    return send(call, 'digest');
  }

  /**
   * Reads the clock once more.
   * @param mayRelabel whether the clock may also be taken for one that labels its local time as UTC
   * @returns whether a token would now carry another time
   */
  async function resync(mayRelabel: boolean): Promise<boolean> {
    if (resynced) return false;
    resynced = true;
    resyncing = true;
    const before = skewMs ?? 0;
    try {
      reading = await options.readClock();
    } catch (thrown) {
      if (thrown instanceof HedgerowError && thrown.kind !== 'aborted') return false;
      throw thrown;
    } finally {
      resyncing = false;
    }
    const now = skewBy(reading, readAs, clock.nowMs());
    if (now !== null && Math.abs(now - before) > skewWorthMs) {
      skewMs = now;
      deviates('clock-read-again');
      return true;
    }
    if (!mayRelabel) return false;
    const other = withoutZone(reading, before, clock.nowMs());
    if (other === null) return false;
    ({ readAs, skewMs } = other);
    deviates('local-time-as-utc');
    return true;
  }

  async function attempt(call: Call, mode: AuthMode): Promise<Verdict> {
    const verdict = await (mode === 'digest' ? sendDigest(call) : send(call, mode));
    if (verdict.status === 'refused' && verdict.sent !== 'none' && proven !== verdict.sent) refusals++;
    if (verdict.status === 'answer') {
      // A device may let anybody read one thing and nobody another: only a used log-in is proof of itself.
      if (verdict.sent !== 'none' || proven === null) proven = verdict.sent;
      wanted = verdict.sent;
      // A device may be asked for its time again when it refuses what it took before: it may have been switched off.
      if (verdict.sent === 'username-token') resynced = false;
    }
    return verdict;
  }

  /** What to try after a refusal, or null: it would change nothing. */
  async function another(mode: AuthMode, refused: Extract<Verdict, { status: 'refused' }>): Promise<AuthMode | null> {
    if (mode === 'none') return refused.digest ? 'digest' : 'username-token';
    if (mode === 'digest') return 'username-token';
    if (refused.digest) return 'digest';
    return (await resync(true)) ? 'username-token' : null;
  }

  return {
    get authMode() {
      return proven;
    },
    get skewMs() {
      return skewMs;
    },
    deviations,
    deviates,
    elsewhere: new Map(),
    place(told) {
      mendedBy(told, [host, pinned.address]).forEach(deviates);
      return onReachedHost(told, host);
    },
    learnedClock(next) {
      reading = next;
      if (next.utcMs === null) deviates('no-utc-time');
      skewMs = skewBy(next, readAs, clock.nowMs()) ?? skewMs;
    },

    async callOpen(call) {
      const verdict = await send(call, 'none');
      if (verdict.status === 'answer') return verdict.body;
      if (verdict.status === 'failed') throw sealed(verdict.error);
      if (resyncing || proven === null || proven === 'none') throw refusal('It wants a log-in for that.', verdict, 0);
      deviates('clock-behind-log-in');
      return (await callForSource(call)).body;
    },

    async call(call) {
      return (await callForSource(call)).body;
    },
    callForSource,
  };

  async function callForSource(call: Call): Promise<{ readonly body: XmlValue; readonly source: string }> {
    let mode: AuthMode = username === null ? 'none' : (wanted ?? 'none');
    for (;;) {
      if (mode !== 'none' && refusals >= maxRefusals) throw refusal('It was asked often enough: no more log-ins in this conversation.', null, refusals);
      const verdict = await attempt(call, mode);
      if (verdict.status === 'answer') return verdict;
      if (verdict.status === 'failed') throw sealed(verdict.error);
      if (username === null) throw refusal('It wants a log-in, and none is given.', verdict, 0);
      if (verdict.sent !== 'none' && proven === verdict.sent) {
        if (verdict.sent === 'username-token' && (await resync(false))) continue;
        throw refusal('The account may not do this.', verdict, 0, true);
      }
      if (wouldLock(verdict)) {
        refusals = Math.max(refusals, maxRefusals);
        throw refusal(`It is about to lock the account: it gives ${verdict.attemptsLeft} more. ${verdict.sent === 'none' ? 'No log-in was sent.' : 'No other one was sent.'}`, verdict, refusals);
      }
      const next = refusals < maxRefusals ? await another(mode, verdict) : null;
      if (next === null) throw refusal(verdict.basicOnly ? basicOnlyText : 'It refuses the user name or the password.', verdict, refusals);
      mode = next;
    }
  }

  /** A device's words may echo what it knows. */
  function withoutPassword(said: string): string {
    return password.length > 2 ? said.replaceAll(password, '[sealed]') : said;
  }

  function sealed(error: HedgerowError): HedgerowError {
    const context = Object.fromEntries(Object.entries(error.context).map(([k, v]) => [k, typeof v === 'string' ? withoutPassword(v) : v]));
    return new HedgerowError(error.code, withoutPassword(error.message), { context, cause: error.cause });
  }

  function refusal(message: string, verdict: Extract<Verdict, { status: 'refused' }> | null, tries: number, rights = false): HedgerowError {
    const quoted = withoutPassword(verdict?.said ?? '');
    const context = { tries, rights, given: username !== null, ...(verdict === null || verdict.attemptsLeft === null ? {} : { attemptsLeft: verdict.attemptsLeft }) };
    return new HedgerowError('camera.auth', quoted === '' ? message : `${message} It says: "${quoted}"`, { context });
  }
}
