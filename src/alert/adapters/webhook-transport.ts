/**
 * Sends a delivery by HTTP POST. The receiver's name is resolved and checked for every try, and the checked address is
 * the one that is connected to: a name server that answers differently a moment later changes nothing. No redirect is
 * followed, and what the receiver answers is looked at only as far as its status.
 */
import { isIP } from 'node:net';
import { Client, buildConnector } from 'undici';
import type { ChannelTransport, DeliveryMessage, SendOutcome } from '../../contract/alert-ports.js';
import type { Config } from '../../config/schema.js';
import type { AddressGuard, PinnedAddress } from '../../core/address-guard.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf, systemCodeOf } from '../../core/errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { signatureHeaders, signatureOf } from '../webhook-signature.js';

/** Of an answer no more than this is read; it is not kept. */
const answerLimitBytes = 65_536;
/** A receiver that asks for a longer pause gets this one. */
const longestPauseMs = 3_600_000;

export function createWebhookTransport({ config, guard, clock, log }: { config: Config['alert']['webhook']; guard: AddressGuard; clock: Clock; log: Logger }): ChannelTransport {
  return {
    async send(message, signal) {
      const url = parse(message.url);
      if (!url) return { status: 'dead', detail: 'The address of the channel is not an http or https address.' };
      let pinned: PinnedAddress;
      try {
        pinned = await guard.pin(url.hostname);
      } catch (thrown) {
        return refusal(thrown);
      }
      // After the name is resolved: a slow name server must not make the signature old.
      return post(url, pinned, message, signal);
    },
  };

  async function post(url: URL, pinned: PinnedAddress, message: DeliveryMessage, signal: AbortSignal): Promise<SendOutcome> {
    const timeout = new AbortController();
    const cancelTimeout = clock.after(config.timeoutMs, () => timeout.abort(new HedgerowError('delivery.failed', `The receiver did not answer within ${config.timeoutMs} ms.`)));
    const client = new Client(url.origin, { connect: connectorTo(url, pinned, config.timeoutMs), headersTimeout: config.timeoutMs, bodyTimeout: config.timeoutMs, maxHeaderSize: 16_384 });
    const timestamp = String(Math.floor(clock.nowMs() / 1000));
    try {
      const answer = await client.request({
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'hedgerow',
          [signatureHeaders.idempotencyKey]: message.idempotencyKey,
          [signatureHeaders.timestamp]: timestamp,
          [signatureHeaders.signature]: signatureOf(message.secret, timestamp, message.body),
        },
        body: message.body,
        signal: AbortSignal.any([signal, timeout.signal]),
      });
      // The status decides. The rest of the answer is let go, whatever it is.
      await answer.body.dump({ limit: answerLimitBytes }).catch(() => undefined);
      return outcomeOf(answer.statusCode, answer.headers['retry-after'], clock.nowMs());
    } catch (thrown) {
      const reason: unknown = timeout.signal.aborted ? timeout.signal.reason : thrown;
      if (reason instanceof HedgerowError && reason.code === 'address.refused') return refusal(reason);
      const code = systemCodeOf(reason);
      log.debug({ host: url.host, address: pinned.address, code }, 'a delivery did not get through');
      return { status: 'retry', detail: code && !(reason instanceof HedgerowError) ? `${messageOf(reason)} (${code})` : messageOf(reason) };
    } finally {
      cancelTimeout();
      await client.destroy().catch(() => undefined);
    }
  }
}

function parse(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/** A name that does not resolve may do so later; an address that is not allowed stays so. */
function refusal(thrown: unknown): SendOutcome {
  const lookupFailed = thrown instanceof HedgerowError && thrown.cause !== undefined;
  return { status: lookupFailed || !(thrown instanceof HedgerowError) ? 'retry' : 'dead', detail: messageOf(thrown) };
}

/** Connects to the pinned address, whatever name the request carries; the certificate is held against the name. */
function connectorTo(url: URL, pinned: PinnedAddress, timeoutMs: number): buildConnector.connector {
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false, ...(isIP(name) === 0 && { servername: name }) });
  return (options, callback) => {
    connect({ ...options, hostname: pinned.address }, (...args) => {
      const [error, socket] = args;
      if (error === null && socket.remoteAddress !== undefined && plain(socket.remoteAddress) !== plain(pinned.address)) {
        socket.destroy();
        callback(new HedgerowError('address.refused', `The connection went to ${socket.remoteAddress} and not to ${pinned.address}.`), null);
      } else callback(...args);
    });
  };
}

/** Without the prefix of an IPv4 address on an IPv6 socket. */
function plain(address: string): string {
  return address.toLowerCase().replace(/^::ffff:/, '');
}

/** @param retryAfter the header: seconds, or a date (RFC 9110, 10.2.3) */
export function outcomeOf(httpStatus: number, retryAfter: string | string[] | undefined, nowMs: number): SendOutcome {
  if (httpStatus >= 200 && httpStatus < 300) return { status: 'delivered', httpStatus };
  const detail = `The receiver answered ${httpStatus}.`;
  if (httpStatus >= 300 && httpStatus < 400) return { status: 'dead', detail: `${detail} Redirects are not followed: enter the final address.` };
  if (httpStatus !== 408 && httpStatus !== 429 && httpStatus < 500) return { status: 'dead', detail };
  const afterMs = pauseMs(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, nowMs);
  return { status: 'retry', detail, ...(afterMs !== undefined && { afterMs }) };
}

function pauseMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : text.endsWith('GMT') ? Date.parse(text) - nowMs : NaN;
  return Number.isFinite(ms) ? Math.min(longestPauseMs, Math.max(0, ms)) : undefined;
}
