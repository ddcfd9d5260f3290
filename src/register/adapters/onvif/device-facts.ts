/** What the device service tells: clock, information, identity, services. */
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import type { DeviceClock, DeviceIdentity, DeviceInformation, DeviceServices } from '../../onvif-client.js';
import { normalEndpointReference } from '../../endpoint-reference.js';
import { child, children, find, numberAt, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { namespaces, oneLine } from './soap-message.js';

const { tds } = namespaces;
/** Not spoken, only looked for. */
const ptz = 'http://www.onvif.org/ver20/ptz/wsdl';

/** Never learns from it by itself: the conversation does. */
export async function readDeviceClock({ callOpen, deviates }: Pick<Conversation, 'callOpen' | 'deviates'>, clock: Clock): Promise<DeviceClock> {
  const startMs = clock.monotonicMs();
  const body = await callOpen({ action: `${tds}/GetSystemDateAndTime`, body: '<tds:GetSystemDateAndTime/>' });
  const roundTripMs = clock.monotonicMs() - startMs;
  const told = find(body, 'SystemDateAndTime');
  if (told === undefined) throw new HedgerowError('camera.reply', 'It answers, but tells no date and time.');
  const utcMs = readDateTime(child(told, 'UTCDateTime'));
  const overflows = (name: string): boolean => (numberAt(told, 'UTCDateTime', 'Time', name) ?? 0) > 59;
  if (overflows('Minute') || overflows('Second')) deviates('overflowing-time');
  const type = textAt(told, 'DateTimeType')?.toLowerCase();
  return {
    utcMs,
    localMs: readDateTime(child(told, 'LocalDateTime')),
    source: type === 'ntp' || type === 'manual' ? type : 'unknown',
    // Whole seconds, cut off: on average the device's clock is half a second further.
    skewMs: utcMs === null ? null : Math.round(utcMs + 500 - (clock.nowMs() - roundTripMs / 2)),
    roundTripMs,
  };
}

/** Seconds may overflow (`00:61:16`): Date.UTC carries them on. @returns null for a missing or a wild value */
function readDateTime(node: XmlValue | undefined): number | null {
  const parts = [
    ['Date', 'Year'],
    ['Date', 'Month'],
    ['Date', 'Day'],
    ['Time', 'Hour'],
    ['Time', 'Minute'],
    ['Time', 'Second'],
  ].map((path) => numberAt(node, ...path));
  const [year = null, month = null, day = null, hour, minute, second] = parts;
  if (year === null || month === null || day === null || year < 1900 || year > 9999 || Math.abs(month) > 99 || Math.abs(day) > 99) return null;
  const ms = Date.UTC(year, month - 1, day, hour ?? 0, minute ?? 0, second ?? 0);
  return Number.isFinite(ms) ? ms : null;
}

export async function readInformation(conversation: Conversation): Promise<DeviceInformation> {
  const body = await conversation.call({ action: `${tds}/GetDeviceInformation`, body: '<tds:GetDeviceInformation/>' });
  const told = find(body, 'GetDeviceInformationResponse');
  if (told === undefined) throw new HedgerowError('camera.reply', 'It answers something else than its device information.');
  const serial = short(textAt(told, 'SerialNumber'));
  return {
    manufacturer: short(textAt(told, 'Manufacturer')),
    model: short(textAt(told, 'Model')),
    firmware: short(textAt(told, 'FirmwareVersion')),
    // Some makers leave "00000000", "123456" or the name of the field for every device that they sell.
    serialNumber: serial === null || /^0*$/.test(serial) || /^((?:sn)?0?123456\d*|serial[ _-]?(?:number|no|num)?|sn|unknown|none|null|n\/a)$/i.test(serial) ? null : serial,
  };
}

/** Each question on its own: many devices know one of them only. */
export async function readIdentity(conversation: Conversation): Promise<DeviceIdentity> {
  const reference = await optional(async () => {
    const body = await conversation.call({ action: `${tds}/GetEndpointReference`, body: '<tds:GetEndpointReference/>' });
    const told = find(body, 'GetEndpointReferenceResponse');
    return normalEndpointReference(textAt(told, 'GUID') ?? textAt(find(told, 'Address')) ?? '');
  });
  const mac = await optional(async () => {
    const body = await conversation.call({ action: `${tds}/GetNetworkInterfaces`, body: '<tds:GetNetworkInterfaces/>' });
    const interfaces = children(find(body, 'GetNetworkInterfacesResponse'), 'NetworkInterfaces');
    return interfaces.map((i) => normalMac(textAt(i, 'Info', 'HwAddress') ?? '')).find((m) => m !== null) ?? null;
  });
  return { endpointReference: reference, macAddress: mac };
}

export function normalMac(text: string): string | null {
  const digits = text.toLowerCase().replace(/[^0-9a-f]/g, '');
  return digits.length !== 12 || /^(0+|f+)$/.test(digits) ? null : (digits.match(/../g)?.join(':') ?? null);
}

/** Of services that we do not use, PTZ is noted with the told addresses: it is what media gets mixed up with. */
export async function readServices(conversation: Conversation): Promise<DeviceServices> {
  const told: string[] = [];
  const place = (address: string | null): string | null => {
    if (address === null) return null;
    told.push(address);
    const rewritten = conversation.place(address);
    return rewritten !== null && /^https?:/.test(rewritten) && URL.canParse(rewritten) ? rewritten : null;
  };
  const listed = await optional(async () => {
    const body = await conversation.call({
      action: `${tds}/GetServices`,
      body: '<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>',
    });
    const byNamespace = new Map<string, string>();
    for (const service of children(find(body, 'GetServicesResponse'), 'Service')) {
      // The whole name with its version counts: media 1 and 2 differ in nothing else.
      const [namespace, address] = [textAt(service, 'Namespace')?.replace(/\/+$/, '') ?? null, textAt(service, 'XAddr')];
      if (namespace !== null && address !== null && !byNamespace.has(namespace)) byNamespace.set(namespace, address);
    }
    return byNamespace.size === 0 ? null : byNamespace;
  });
  if (listed !== null && (listed.has(namespaces.trt) || listed.has(namespaces.tr2))) {
    const at = (namespace: string): string | null => place(listed.get(namespace) ?? null);
    const found = { media1: at(namespaces.trt), media2: at(namespaces.tr2), events: at(namespaces.tev), deviceIo: at(namespaces.tmd), recording: at(namespaces.trc), search: at(namespaces.tse), analytics: at(namespaces.tan), told };
    at(ptz);
    return found;
  }
  conversation.deviates('capabilities-instead-of-services');
  const body = await conversation.call({
    action: `${tds}/GetCapabilities`,
    body: '<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>',
  });
  const capabilities = find(body, 'Capabilities');
  const at = (...path: string[]): string | null => place(textAt(capabilities, ...path, 'XAddr'));
  const found = {
    media1: at('Media'),
    media2: null,
    events: at('Events'),
    deviceIo: at('Extension', 'DeviceIO'),
    recording: at('Extension', 'Recording'),
    search: at('Extension', 'Search'),
    analytics: at('Analytics') ?? at('Extension', 'Analytics'),
    told,
  };
  at('PTZ');
  return found;
}

/** A device may not know an operation, or keep it from this account; neither is a reason to stop. */
export async function optional<T>(ask: () => Promise<T | null>): Promise<T | null> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof HedgerowError && (thrown.code === 'camera.reply' || (thrown.code === 'camera.auth' && thrown.context['rights'] === true))) return null;
    throw thrown;
  }
}

function short(text: string | null): string | null {
  return text === null ? null : oneLine(text) || null;
}
