/**
 * Input events by a pull-point (ONVIF Core, 9.1). The subscription's address is put on the host that we reached, its
 * reference parameters are echoed (Axis), its life time is told in the way that the device understands, and it is always
 * ended: devices have four to eight slots, and leaked ones block. Times of events are not taken from the device.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import type { DeviceServices, InputEvent, PullPoint } from '../../onvif-client.js';
import { attribute, child, children, escapeXml, find, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { readDateTimeMs, writeDateTime } from './device-time.js';
import { namespaces } from './soap-message.js';

const { tev, wsnt } = namespaces;
/** Mandatory for some (Tapo), and long enough for one missed renewal. */
const lifeTimeMs = 120_000;
const lifeTime = `PT${lifeTimeMs / 1000}S`;
/** A device that grants less of it did not understand it (Vista: none at all; others make their own span of it). */
const leastGrantedMs = 60_000;

export async function subscribe(conversation: Conversation, services: DeviceServices, clock: Clock): Promise<PullPoint> {
  if (services.events === null) throw new HedgerowError('camera.reply', 'It has no event service.', { context: { unsupported: true } });
  const eventsUrl = services.events;
  const { body, source } = await conversation.callForSource({
    url: eventsUrl,
    action: `${tev}/EventPortType/CreatePullPointSubscriptionRequest`,
    header: addressing(`${tev}/EventPortType/CreatePullPointSubscriptionRequest`, eventsUrl),
    body: `<tev:CreatePullPointSubscription><tev:InitialTerminationTime>${lifeTime}</tev:InitialTerminationTime></tev:CreatePullPointSubscription>`,
  });
  const answer = find(body, 'CreatePullPointSubscriptionResponse');
  if (answer === undefined) throw new HedgerowError('camera.reply', 'It answers something else than a subscription.');
  const url = subscriptionUrl(conversation, textAt(answer, 'SubscriptionReference', 'Address')) ?? eventsUrl;
  const echoed = echoParameters(source);
  if (echoed !== '') conversation.deviates('reference-parameters');
  const call = (action: string, content: string, extraReplyMs = 0): Promise<XmlValue> =>
    conversation.call({ url, action, header: addressing(action, url) + echoed, body: content, extraReplyMs });

  const toldMs = readDateTimeMs(textAt(answer, 'CurrentTime'));
  const endMs = readDateTimeMs(textAt(answer, 'TerminationTime'));
  /** The device's clock minus ours, by the reply itself; null where a span is understood, or nothing is told of it. */
  const aheadMs = toldMs !== null && endMs !== null && endMs - toldMs < leastGrantedMs ? toldMs - clock.nowMs() : null;
  let renews = true;

  async function renew(): Promise<void> {
    if (!renews) return;
    const until = aheadMs === null ? lifeTime : writeDateTime(clock.nowMs() + aheadMs + lifeTimeMs);
    try {
      await call(`${wsnt}/SubscriptionManager/RenewRequest`, `<wsnt:Renew><wsnt:TerminationTime>${until}</wsnt:TerminationTime></wsnt:Renew>`);
    } catch (thrown) {
      // Where the subscription itself is gone, who listens makes a new one.
      if (!(thrown instanceof HedgerowError) || (thrown.code !== 'camera.reply' && thrown.code !== 'camera.auth') || /ResourceUnknown/i.test(String(thrown.context['fault']))) throw thrown;
      renews = false;
      conversation.deviates('no-renewal');
    }
  }

  if (aheadMs !== null) {
    conversation.deviates('absolute-termination-time');
    await renew();
  }

  return {
    async pull(waitMs) {
      const ask = (): Promise<XmlValue> =>
        call(
          `${tev}/PullPointSubscription/PullMessagesRequest`,
          `<tev:PullMessages><tev:Timeout>PT${Math.max(1, Math.round(waitMs / 1000))}S</tev:Timeout><tev:MessageLimit>50</tev:MessageLimit></tev:PullMessages>`,
          waitMs,
        );
      const pulled = await ask().catch((thrown: unknown) => {
        if (!isHangUp(thrown)) throw thrown;
        conversation.deviates('pull-again');
        return ask();
      });
      return children(find(pulled, 'PullMessagesResponse'), 'NotificationMessage').flatMap(readInputEvent);
    },
    renew,
    async close() {
      try {
        await call(`${wsnt}/SubscriptionManager/UnsubscribeRequest`, '<wsnt:Unsubscribe/>');
      } catch {
        // It ends by itself after its life time.
      }
    },
  };
}

/** An empty address, or one that is none, means the event service itself (go2rtc #2302). */
function subscriptionUrl(conversation: Conversation, told: string | null): string | null {
  const placed = told === null ? null : conversation.place(told);
  if (placed !== null && /^https?:/.test(placed) && URL.canParse(placed)) return placed;
  conversation.deviates('events-at-event-service');
  return null;
}

/** Some end the connection instead of answering that nothing happened. */
function isHangUp(thrown: unknown): boolean {
  return thrown instanceof HedgerowError && thrown.code === 'camera.unreachable' && /^(ECONNRESET|EPIPE)$/.test(String(thrown.context['code']));
}

/** `tns1:Device/Trigger/DigitalInput` and makers' relatives (`tnshik:AlarmIn`). */
export function isInputTopic(topic: string): boolean {
  return /Device\/(?:[a-z0-9]+:)?Trigger\/(?:[a-z0-9]+:)?(DigitalInput|AlarmIn|InputPort)\b/i.test(topic);
}

/** Events of contacts. Everything else is not ours to know. */
export function readInputEvent(notification: XmlValue): InputEvent[] {
  const topic = textAt(notification, 'Topic') ?? '';
  if (!isInputTopic(topic)) return [];
  const message = child(notification, 'Message', 'Message') ?? child(notification, 'Message');
  const items = (group: string): Map<string, string> => new Map(children(child(message, group), 'SimpleItem').map((i) => [attribute(i, 'Name')?.toLowerCase() ?? '', attribute(i, 'Value') ?? '']));
  const [source, data] = [items('Source'), items('Data')];
  const state = data.get('logicalstate') ?? data.get('state') ?? data.get('value') ?? data.get('active');
  if (state === undefined) return [];
  return [
    {
      input: (source.get('inputtoken') ?? source.get('token') ?? [...source.values()][0] ?? 'input').slice(0, 100),
      active: /^(true|1|on|active|closed)$/i.test(state),
      initial: attribute(message, 'PropertyOperation')?.toLowerCase() === 'initialized',
    },
  ];
}

/**
 * WS-Addressing headers, without which some event services do not answer. Whoever waits for a reply names its message
 * (WS-Addressing 1.0, SOAP binding, 3.4): onvif_simple_server renews no subscription otherwise.
 */
export function addressing(action: string, to: string): string {
  return `<wsa:Action>${action}</wsa:Action><wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID><wsa:To>${escapeXml(to)}</wsa:To>`;
}

/**
 * Reference parameters go back as they came (WS-Addressing, 2.2). The reader drops prefixes, so they are taken from the
 * text: simple elements only, each with its own namespace declared.
 */
function echoParameters(source: string): string {
  // In two steps, each over a bounded part: a reply that is full of opening tags must not be read once for each of them.
  const opening = /<(?:[\w.-]{1,64}:)?ReferenceParameters\b[^<>]{0,1024}>/.exec(source);
  const after = opening === null ? '' : source.slice(opening.index + opening[0].length, opening.index + opening[0].length + 4096);
  const end = after.search(/<\/(?:[\w.-]{1,64}:)?ReferenceParameters\s*>/);
  const inner = end < 0 ? '' : after.slice(0, end);
  const namespaceOf = (text: string, prefix: string): string | undefined => new RegExp(`\\sxmlns${prefix === '' ? '' : `:${prefix}`}\\s*=\\s*["']([^"'<>]{1,300})["']`).exec(text)?.[1];
  return [...inner.matchAll(/<(?:([A-Za-z_]\w*):)?([A-Za-z_][\w-]*)([^<>]*)>([^<>]*)<\//g)]
    .map(([, prefix = '', name = '', attributes = '', text = '']) => {
      const namespace = namespaceOf(attributes, prefix) ?? namespaceOf(source, prefix);
      return `<${name}${namespace === undefined ? '' : ` xmlns="${namespace}"`} wsa:IsReferenceParameter="true">${text}</${name}>`;
    })
    .join('');
}
