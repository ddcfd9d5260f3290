/**
 * The contacts of a device (panic buttons). DeviceIO lists them; a device that lists none, or has no DeviceIO, may send
 * their event all the same. It is listened to then: a button that nobody hears is worse than one that nobody wired.
 */
import type { DeviceServices } from '../../onvif-client.js';
import { attribute, children, find } from '../../soap-xml.js';
import { readTopics } from './analytics-facts.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { isInputTopic } from './pull-point.js';
import { namespaces } from './soap-message.js';

const { tmd } = namespaces;
/** Stands for contacts that have no name before one of them is pressed. */
const unnamed = 'digital-input';

/** @returns tokens; one without a meaning of its own where only the event is known; empty when there are no contacts */
export async function readDigitalInputs(conversation: Conversation, services: DeviceServices): Promise<readonly string[]> {
  const { deviceIo } = services;
  const body = deviceIo === null ? null : await optional(() => conversation.call({ url: deviceIo, action: `${tmd}/GetDigitalInputs`, body: '<tmd:GetDigitalInputs/>' }));
  const listed = children(find(body ?? undefined, 'GetDigitalInputsResponse'), 'DigitalInputs').flatMap((input) => attribute(input, 'token') ?? []);
  if (listed.length > 0) return listed;
  const topics = await readTopics(conversation, services);
  if (topics === null || !topics.some(isInputTopic)) return [];
  conversation.deviates('inputs-by-event');
  return [unnamed];
}
