/** Where a device takes its time from (GetNTP). Reading it never changes it. */
import type { NetworkTime } from '../../onvif-client.js';
import { children, find, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { namespaces, oneLine } from './soap-message.js';

const { tds } = namespaces;
const maxServers = 16;

/**
 * The servers of the way that is in use: those that DHCP gave, or those that somebody entered; a list that is not in use
 * says nothing. @returns null when the device does not know the question, or keeps the answer from this account
 */
export async function readNetworkTime(conversation: Conversation): Promise<NetworkTime | null> {
  const body = await optional(() => conversation.call({ action: `${tds}/GetNTP`, body: '<tds:GetNTP/>' }));
  const told = find(body ?? undefined, 'NTPInformation');
  if (told === undefined) return null;
  const fromDhcp = /^(true|1)$/i.test(textAt(told, 'FromDHCP') ?? '');
  const servers = children(told, fromDhcp ? 'NTPFromDHCP' : 'NTPManual').flatMap(serverOf);
  return { fromDhcp, servers: [...new Set(servers)].slice(0, maxServers) };
}

/** The field that `Type` names; else whichever is filled in: some put a name into the field of an address. */
function serverOf(host: XmlValue): string[] {
  const fields = { ipv4: textAt(host, 'IPv4Address'), ipv6: textAt(host, 'IPv6Address'), dns: textAt(host, 'DNSname') };
  const type = textAt(host, 'Type')?.toLowerCase();
  const first = type === 'ipv4' || type === 'ipv6' || type === 'dns' ? fields[type] : null;
  const server = oneLine([first, fields.dns, fields.ipv4, fields.ipv6].find((field) => field !== null && !isUnset(field)) ?? '');
  return server === '' ? [] : [server];
}

/** What devices write where nothing was entered. */
function isUnset(server: string): boolean {
  return /^(0\.0\.0\.0|::|255\.255\.255\.255|null|none|n\/a)$/i.test(server);
}
