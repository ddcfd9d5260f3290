/**
 * One conversation with one device: who logs in, and how often. The ladder (standards 3.3): ask without a log-in; on a
 * Digest challenge answer that; on a refusal without one (400, 500 or 200 with NotAuthorized, 401 without a challenge)
 * send a UsernameToken in the device's time. Never both at once. A refused log-in is followed by at most one more, and
 * only when something is different about it: the other way, or a clock that was read again. Then it stops, for good.
 */
import type { PinnedAddress } from '../../../core/address-guard.js';
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import type { AuthMode, DeviceClock } from '../../onvif-client.js';
import type { XmlValue } from '../../soap-xml.js';
import { answerDigest, readDigestChallenge, type DigestChallenge } from './http-digest.js';
import { faultText, isNotAuthorized, isUnsupported, oneLine, readEnvelope, writeEnvelope } from './soap-message.js';
import type { SoapReply, SoapTransport } from './soap-transport.js';
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
  readonly deviations: readonly string[];
  /** Names a policy that had to be used. */
  deviates(policy: string): void;
  learnedClock(reading: DeviceClock): void;
  /** Without a log-in. @returns the content of the SOAP body */
  callOpen(call: Call): Promise<XmlValue>;
  /** With whatever log-in the device wants. @returns the content of the SOAP body */
  call(call: Call): Promise<XmlValue>;
  /** The same, with the text of the reply, for what must be sent back as it was. */
  callForSource(call: Call): Promise<{ readonly body: XmlValue; readonly source: string }>;
}

type Judged =
  | { readonly status: 'answer'; readonly body: XmlValue; readonly source: string }
  | { readonly status: 'refused'; readonly digest: DigestChallenge | null; readonly said: string }
  | { readonly status: 'failed'; readonly error: HedgerowError };
/** `sent`: the log-in that the request really carried. */
type Verdict = Judged & { readonly sent: AuthMode };

/** Refused log-ins after which a conversation sends no more. */
const mostRefusals = 2;
/** A clock that moved by less would not change a device's mind. */
const skewWorthMs = 1_000;

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
  const { url, pinned, username, transport, clock, signal } = options;
  const password = options.password ?? '';
  const maxRefusals = Math.min(mostRefusals, options.maxRefusals ?? mostRefusals);
  const deviations: string[] = [];
  /** A nonce may be bound to an address (Hikvision), so there is one an address. */
  const challenges = new Map<string, { challenge: DigestChallenge; count: number }>();
  let wanted: AuthMode | null = options.authMode;
  let proven: AuthMode | null = null;
  let reading: DeviceClock | null = null;
  let skewMs: number | null = null;
  let refusals = 0;
  let resynced = false;

  function deviates(policy: string): void {
    if (!deviations.includes(policy)) deviations.push(policy);
  }

  async function send(call: Call, login: AuthMode): Promise<Verdict> {
    const target = call.url === undefined ? url : new URL(call.url);
    let authorization: string | null = null;
    let header = call.header ?? '';
    let sent: AuthMode = 'none';
    if (login === 'digest' && username !== null) {
      const held = challenges.get(target.href);
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
    const verdict = judge(reply);
    if (verdict.status === 'refused' && verdict.digest) challenges.set(target.href, { challenge: verdict.digest, count: 0 });
    return { ...verdict, sent };
  }

  /** Digest with a nonce that is fresh for this address; a nonce that aged is replaced without counting as a refusal. */
  async function sendDigest(call: Call): Promise<Verdict> {
    const key = (call.url === undefined ? url : new URL(call.url)).href;
    const first = challenges.get(key);
    if (!first) {
      const opened = await send(call, 'none');
      if (opened.status !== 'refused' || !opened.digest) return opened;
    }
    const reused = (challenges.get(key)?.count ?? 0) > 0;
    const verdict = await send(call, 'digest');
    if (verdict.status !== 'refused' || !verdict.digest || !(reused || verdict.digest.stale)) return verdict;
    return send(call, 'digest');
  }

  /** Reads the clock once more. @returns whether a token would now carry another time */
  async function resync(): Promise<boolean> {
    if (resynced) return false;
    resynced = true;
    const before = skewMs ?? 0;
    try {
      reading = await options.readClock();
    } catch (thrown) {
      if (thrown instanceof HedgerowError && thrown.kind !== 'aborted') return false;
      throw thrown;
    }
    if (reading.skewMs !== null && Math.abs(reading.skewMs - before) > skewWorthMs) {
      skewMs = reading.skewMs;
      return true;
    }
    if (reading.skewMs === null || reading.utcMs === null || reading.localMs === null) return false;
    const local = reading.skewMs + (reading.localMs - reading.utcMs);
    if (Math.abs(local - before) <= skewWorthMs) return false;
    skewMs = local;
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
    }
    return verdict;
  }

  /** What to try after a refusal, or null: it would change nothing. */
  async function another(mode: AuthMode, refused: Extract<Verdict, { status: 'refused' }>): Promise<AuthMode | null> {
    if (mode === 'none') return refused.digest ? 'digest' : 'username-token';
    if (mode === 'digest') return 'username-token';
    if (refused.digest) return 'digest';
    return (await resync()) ? 'username-token' : null;
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
    learnedClock(next) {
      reading = next;
      if (next.skewMs !== null) skewMs = next.skewMs;
    },

    async callOpen(call) {
      const verdict = await send(call, 'none');
      if (verdict.status === 'answer') return verdict.body;
      throw verdict.status === 'failed' ? sealed(verdict.error) : refusal('It wants a log-in for that.', verdict.said, 0);
    },

    async call(call) {
      return (await callForSource(call)).body;
    },
    callForSource,
  };

  async function callForSource(call: Call): Promise<{ readonly body: XmlValue; readonly source: string }> {
    let mode: AuthMode = username === null ? 'none' : (wanted ?? 'none');
    for (;;) {
      if (mode !== 'none' && refusals >= maxRefusals) throw refusal('It was asked often enough: no more log-ins in this conversation.', '', refusals);
      const verdict = await attempt(call, mode);
      if (verdict.status === 'answer') return verdict;
      if (verdict.status === 'failed') throw sealed(verdict.error);
      if (username === null) throw refusal('It wants a log-in, and none is given.', verdict.said, 0);
      if (verdict.sent !== 'none' && proven === verdict.sent) throw refusal('The account may not do this.', verdict.said, 0, true);
      const next = refusals < maxRefusals ? await another(mode, verdict) : null;
      if (next === null) throw refusal('It refuses the user name or the password.', verdict.said, refusals);
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

  function refusal(message: string, said: string, tries: number, rights = false): HedgerowError {
    const quoted = withoutPassword(said);
    return new HedgerowError('camera.auth', quoted === '' ? message : `${message} It says: "${quoted}"`, { context: { tries, rights, given: username !== null } });
  }
}

function judge(reply: SoapReply): Judged {
  const challenge = readDigestChallenge(reply.challenges);
  if (reply.status === 401 || reply.status === 403) return { status: 'refused', digest: challenge, said: saidIn(reply.body) };
  try {
    const answer = readEnvelope(reply.body);
    if (answer.status === 'answer') {
      if (reply.status < 400) return { ...answer, source: reply.body };
      // A request that is echoed with a 500 (TL-IPC) is no answer.
      return { status: 'failed', error: new HedgerowError('camera.reply', `It answers with HTTP ${reply.status}.`, { context: { httpStatus: reply.status } }) };
    }
    const { fault } = answer;
    if (isNotAuthorized(fault)) return { status: 'refused', digest: challenge, said: faultText(fault) };
    const context = { fault: faultText(fault), unsupported: isUnsupported(fault), httpStatus: reply.status };
    return { status: 'failed', error: new HedgerowError('camera.reply', `It answers with a fault: ${faultText(fault)}`, { context }) };
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError)) throw thrown;
    if (reply.status < 400) return { status: 'failed', error: thrown };
    return { status: 'failed', error: new HedgerowError('camera.reply', `It answers with HTTP ${reply.status} and no SOAP message.`, { context: { httpStatus: reply.status, unsupported: true }, cause: thrown }) };
  }
}

/** The reason in the body of a refusal, when it is a fault; never raw text. */
function saidIn(body: string): string {
  try {
    const answer = readEnvelope(body);
    return answer.status === 'fault' ? oneLine(faultText(answer.fault)) : '';
  } catch {
    return '';
  }
}
