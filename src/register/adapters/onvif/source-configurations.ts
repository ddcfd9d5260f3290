/** Configurations of the video sources: which configuration shows which source, and through what lens. */
import type { DeviceServices } from '../../onvif-client.js';
import { children, find, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { namespaces } from './soap-message.js';

const { trt, tr2 } = namespaces;

/** @returns null when the device does not tell them, neither by media 2 nor by media 1 */
export async function readSourceConfigurations(conversation: Conversation, services: DeviceServices): Promise<readonly XmlValue[] | null> {
  const ways = [
    { url: services.media2, namespace: tr2, prefix: 'tr2' },
    { url: services.media1, namespace: trt, prefix: 'trt' },
  ];
  for (const { url, namespace, prefix } of ways) {
    if (url === null) continue;
    const body = await optional(() => conversation.call({ url, action: `${namespace}/GetVideoSourceConfigurations`, body: `<${prefix}:GetVideoSourceConfigurations/>` }));
    const told = children(find(body ?? undefined, 'GetVideoSourceConfigurationsResponse'), 'Configurations');
    if (told.length > 0) return told;
  }
  return null;
}
