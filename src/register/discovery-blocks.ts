/**
 * Turns the blocks of a sweep into the addresses that are asked, or refuses: too many, none of ours, not allowed. Left out
 * are network and broadcast addresses, what the guard denies, and networks between containers unless they are asked for.
 */
import ipaddr from 'ipaddr.js';
import type { AddressGuard } from '../core/address-guard.js';
import { HedgerowError } from '../core/errors.js';
import { isContainerBridge, type Ipv4Interface, type Skipped } from './network-interfaces.js';

/** A /20: more is asked only with `force`. */
export const maxAddresses = 4_096;
/** A /16: more is not asked at all. */
export const maxForcedAddresses = 65_536;

export interface SweepPlan {
  /** the blocks in normal form, with the interface that leads there when it is one of ours */
  readonly networks: readonly { readonly interface: string | null; readonly network: string }[];
  readonly addresses: readonly string[];
  readonly skipped: readonly Skipped[];
}

interface Block {
  readonly first: number;
  readonly last: number;
  readonly cidr: string;
  readonly bits: number;
}

/**
 * @param blocks IPv4 networks in CIDR form, or single addresses
 * @throws HedgerowError `discovery.sweep`
 */
export function planSweep(
  blocks: readonly string[],
  options: { guard: Pick<AddressGuard, 'covers' | 'allows'>; interfaces: readonly Ipv4Interface[]; bridges: boolean; force: boolean },
): SweepPlan {
  const { guard, interfaces, bridges, force } = options;
  const asked = blocks.map(parseBlock).sort((a, b) => a.first - b.first);
  for (const { cidr } of asked) {
    if (!guard.covers(cidr)) throw refused(`${cidr} is outside the networks that the configuration allows (register.allowNetworks, register.denyNetworks).`);
  }
  const ranges = merged(asked);
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (count > maxForcedAddresses) throw refused(`That is ${count} addresses; at most ${maxForcedAddresses} (a /16) are swept. Ask for smaller blocks one after the other.`);
  if (count > maxAddresses && !force) throw refused(`That is ${count} addresses; more than ${maxAddresses} (a /20, all blocks together) are swept only when it is forced.`);

  const own = interfaces.map((i) => ({ ...parseBlock(i.network), name: i.name }));
  const fenced = bridges ? [] : own.filter((o) => isContainerBridge(o.name));
  const addresses: string[] = [];
  const left = new Set<string>();
  for (const { first, last } of ranges) {
    for (let at = first; at <= last; at++) {
      const bridge = fenced.find((o) => at >= o.first && at <= o.last);
      if (bridge) left.add(bridge.name);
      else if (!isEdge(at, asked) && !own.some((o) => isEdge(at, [o]))) {
        const address = textOf(at);
        if (guard.allows(address)) addresses.push(address);
      }
    }
  }
  const skipped = [...left].map((name) => ({ interface: name, reason: 'a network between containers; ask for it with "bridges"' }));
  if (addresses.length === 0) {
    throw refused(skipped.length > 0 ? `Nothing is left to ask: these are networks between containers (${[...left].join(', ')}). Ask for them with "bridges".` : 'Nothing is left to ask: every address of it is denied, or is that of a network or a broadcast.');
  }
  const networks = asked.map(({ cidr, first, last }) => ({ interface: own.find((o) => first >= o.first && last <= o.last)?.name ?? null, network: cidr }));
  return { networks, addresses, skipped };
}

function parseBlock(text: string): Block {
  const [, quad, length] = /^\s*(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?\s*$/.exec(text) ?? [];
  const bits = length === undefined ? 32 : Number(length);
  if (quad === undefined || !ipaddr.IPv4.isValidFourPartDecimal(quad) || bits > 32) {
    throw refused(`"${text.slice(0, 60)}" is no IPv4 network in CIDR form, like 192.168.1.0/24.`);
  }
  const size = 2 ** (32 - bits);
  const number = quad.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1, cidr: `${textOf(first)}/${bits}`, bits };
}

/** The first and the last address of a network are nobody's; a /31 and a /32 have no such. One that another block holds in its middle is asked. */
function isEdge(at: number, blocks: readonly Block[]): boolean {
  const around = blocks.filter(({ first, last }) => at >= first && at <= last);
  return around.length > 0 && around.every(({ first, last, bits }) => bits <= 30 && (at === first || at === last));
}

function merged(sorted: readonly Block[]): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = [];
  for (const { first, last } of sorted) {
    const before = ranges.at(-1);
    if (before && first <= before.last + 1) before.last = Math.max(before.last, last);
    else ranges.push({ first, last });
  }
  return ranges;
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function refused(message: string): HedgerowError {
  return new HedgerowError('discovery.sweep', message);
}
