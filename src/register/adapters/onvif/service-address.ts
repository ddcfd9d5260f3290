/**
 * Asks a service where the device says that it is and, where another one answers there (policy
 * `service-at-another-address`: media and PTZ swapped, all named on one address), at the other addresses that it told.
 * Media 1 only: without it there is no picture, and everything else has a way around it.
 */
import { HedgerowError } from '../../../core/errors.js';
import type { DeviceServices } from '../../onvif-client.js';
import { find, type XmlValue } from '../../soap-xml.js';
import type { Call, Conversation } from './conversation.js';

/** Other addresses that are tried, at most. */
const maxTries = 4;

/**
 * @param call with the address of the service
 * @param expected name of the element that makes a reply an answer
 * @returns the first reply that holds the expected element, or what came from the told address when none does
 */
export async function askAnywhere(conversation: Conversation, services: DeviceServices, call: Call & { readonly url: string }, expected: string): Promise<XmlValue> {
  const { elsewhere } = conversation;
  const key = `${call.action.slice(0, call.action.lastIndexOf('/'))} ${call.url}`;
  const known = elsewhere.get(key);
  if (known !== undefined) return conversation.call({ ...call, url: known });
  let first: { readonly body: XmlValue } | { readonly thrown: HedgerowError };
  try {
    const body = await conversation.call(call);
    if (find(body, expected) !== undefined) return body;
    first = { body };
  } catch (thrown) {
    if (!isElsewhere(thrown)) throw thrown;
    first = { thrown };
  }
  const others = new Set(services.told.flatMap((told) => conversation.place(told) ?? []).filter((url) => /^https?:/.test(url) && URL.canParse(url) && url !== call.url));
  for (const url of [...others].slice(0, maxTries)) {
    try {
      const body = await conversation.call({ ...call, url });
      if (find(body, expected) === undefined) continue;
      conversation.deviates('service-at-another-address');
      elsewhere.set(key, url);
      return body;
    } catch (thrown) {
      if (!isElsewhere(thrown) && !isUnreachable(thrown)) throw thrown;
    }
  }
  if ('thrown' in first) throw first.thrown;
  return first.body;
}

function isElsewhere(thrown: unknown): thrown is HedgerowError {
  return thrown instanceof HedgerowError && thrown.code === 'camera.reply' && thrown.context['unsupported'] === true;
}

function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof HedgerowError && thrown.code === 'camera.unreachable';
}
