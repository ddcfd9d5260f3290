/**
 * What an HTTP reply means: an answer, a refusal of the log-in, or a failure. Devices refuse with HTTP 200, 400, 401, 403
 * or 500, with a fault, a web page or nothing; what they say is quoted only where it is a fault.
 */
import { HedgerowError } from '../../../core/errors.js';
import type { XmlValue } from '../../soap-xml.js';
import { readDigestChallenge, type DigestChallenge } from './http-digest.js';
import { faultText, isNotAuthorized, isUnsupported, readEnvelope } from './soap-message.js';
import type { SoapReply } from './soap-transport.js';

export type Judged =
  | { readonly status: 'answer'; readonly body: XmlValue; readonly source: string }
  | {
      readonly status: 'refused';
      readonly digest: DigestChallenge | null;
      /** it asks for HTTP Basic and for nothing else */
      readonly basicOnly: boolean;
      readonly said: string;
      /** log-ins that the device gives before it locks the account; null when it does not say */
      readonly attemptsLeft: number | null;
    }
  | { readonly status: 'failed'; readonly error: HedgerowError };

export function judgeReply(reply: SoapReply): Judged {
  if (reply.status === 401 || reply.status === 403) return refused(reply, saidIn(reply.body));
  try {
    const answer = readEnvelope(reply.body);
    if (answer.status === 'answer') {
      if (reply.status < 400) return { ...answer, source: reply.body };
      // A request that is echoed with a 500 (TP-Link TL-IPC) is no answer.
      return { status: 'failed', error: new HedgerowError('camera.reply', `It answers with HTTP ${reply.status}.`, { context: { httpStatus: reply.status } }) };
    }
    const { fault } = answer;
    if (isNotAuthorized(fault)) return refused(reply, faultText(fault));
    const context = { fault: faultText(fault), unsupported: isUnsupported(fault), httpStatus: reply.status };
    return { status: 'failed', error: new HedgerowError('camera.reply', `It answers with a fault: ${faultText(fault)}`, { context }) };
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError)) throw thrown;
    if (reply.status < 400) return { status: 'failed', error: thrown };
    return { status: 'failed', error: new HedgerowError('camera.reply', `It answers with HTTP ${reply.status} and no SOAP message.`, { context: { httpStatus: reply.status, unsupported: true }, cause: thrown }) };
  }
}

function refused(reply: SoapReply, said: string): Judged {
  const digest = readDigestChallenge(reply.challenges);
  const basicOnly = digest === null && reply.challenges.some((challenge) => /^\s*basic\b/i.test(challenge));
  return { status: 'refused', digest, basicOnly, said, attemptsLeft: readAttemptsLeft(reply.body) };
}

/** "You still have 4 attempt(s)", "3 attempts left": in a fault or in a page. */
function readAttemptsLeft(body: string): number | null {
  const [, before, after] = /\bstill\s+have\s+(\d{1,3})\s+(?:more\s+)?(?:attempt|tr[iy])|\b(\d{1,3})\s+(?:login\s+)?attempts?(?:\(s\))?\s+(?:left|remain)/i.exec(body.slice(0, 16_384)) ?? [];
  const told = before ?? after;
  return told === undefined ? null : Number(told);
}

/** The reason in the body of a refusal, when it is a fault; never raw text. */
function saidIn(body: string): string {
  try {
    const answer = readEnvelope(body);
    return answer.status === 'fault' ? faultText(answer.fault) : '';
  } catch {
    return '';
  }
}
