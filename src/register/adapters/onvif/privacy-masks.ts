/**
 * Privacy masks that the device paints itself (media 2, GetMasks). ONVIF's coordinates run from -1 to 1 with y upwards
 * over the window of the video source configuration; ours from 0 to 1 with y downwards.
 */
import type { DeviceMask, DeviceServices, MediaProfile } from '../../onvif-client.js';
import { attribute, child, children, find, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { namespaces } from './soap-message.js';
import { readSourceConfigurations } from './source-configurations.js';

const { tr2 } = namespaces;
const maxMasks = 256;
const maxPoints = 256;
/** Rounding may put a corner a little outside; a number beyond that is of another measure, and its mask is no mask. */
const slack = 0.02;

/** @returns null when the device has no masks, does not say, or leaves open which picture they are on */
export async function readMasks(conversation: Conversation, services: DeviceServices, profile: MediaProfile): Promise<readonly DeviceMask[] | null> {
  const { media2 } = services;
  if (media2 === null) return null;
  const body = await optional(() => conversation.call({ url: media2, action: `${tr2}/GetMasks`, body: '<tr2:GetMasks/>' }));
  const told = find(body ?? undefined, 'GetMasksResponse');
  if (told === undefined) return null;
  const all = children(told, 'Masks').slice(0, maxMasks);
  const own = await ofProfile(conversation, services, profile, all);
  return own?.flatMap((mask) => maskOf(mask, conversation)) ?? null;
}

/** A mask names the configuration of a video source, a profile the source. */
async function ofProfile(conversation: Conversation, services: DeviceServices, profile: MediaProfile, masks: readonly XmlValue[]): Promise<readonly XmlValue[] | null> {
  if (masks.length === 0 || profile.sourceToken === null) return masks;
  const configurations = await readSourceConfigurations(conversation, services);
  if (configurations === null) return new Set(masks.map((m) => textAt(m, 'ConfigurationToken'))).size === 1 ? masks : null;
  const own = new Set(configurations.filter((c) => textAt(c, 'SourceToken') === profile.sourceToken).map((c) => attribute(c, 'token')));
  return masks.filter((m) => own.has(textAt(m, 'ConfigurationToken')));
}

function maskOf(mask: XmlValue, conversation: Conversation): DeviceMask[] {
  const points = children(child(mask, 'Polygon'), 'Point').slice(0, maxPoints).map(pointOf);
  const known = points.filter((p) => p !== null);
  if (known.length < 3 || known.length < points.length) {
    conversation.deviates('mask-without-shape');
    return [];
  }
  return [{ enabled: /^(true|1)$/i.test(textAt(mask, 'Enabled') ?? ''), polygon: known }];
}

function pointOf(point: XmlValue): readonly [number, number] | null {
  const [x, y] = [Number(attribute(point, 'x') ?? Number.NaN), Number(attribute(point, 'y') ?? Number.NaN)];
  if (!(Math.abs(x) <= 1 + slack && Math.abs(y) <= 1 + slack)) return null;
  const inside = (n: number): number => Math.min(1, Math.max(0, n));
  return [inside((x + 1) / 2), inside((1 - y) / 2)];
}
