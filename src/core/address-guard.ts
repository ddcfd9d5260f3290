/**
 * Decides which addresses we connect to. Cameras, spreadsheets and webhooks name hosts; none of them may send us to a
 * network that the configuration does not list. A name is resolved once and the checked address is what we connect to
 * (pinned), so that a second answer of the name server changes nothing.
 */
import ipaddr from 'ipaddr.js';
import { HedgerowError } from './errors.js';

export interface PinnedAddress {
  /** As it was given: for the Host header and TLS. */
  readonly host: string;
  /** The numeric address to connect to. */
  readonly address: string;
  readonly family: 4 | 6;
}

/** Resolves a name to numeric addresses (A and AAAA). */
export type Lookup = (host: string) => Promise<readonly string[]>;

export class AddressGuard {
  readonly #allowed: readonly Network[];
  readonly #denied: readonly Network[];
  readonly #lookup: Lookup;

  /**
   * @param allowed CIDR blocks that may be connected to
   * @param denied CIDR blocks that may not, even inside an allowed one
   */
  constructor(options: { allowed: readonly string[]; denied?: readonly string[]; lookup: Lookup }) {
    this.#allowed = options.allowed.map(parseCidr);
    this.#denied = (options.denied ?? []).map(parseCidr);
    this.#lookup = options.lookup;
  }

  /**
   * Whether a numeric address may be connected to. Anything that is not a numeric address may not, and neither may the
   * unspecified one: the system takes it for this machine. An IPv6 address that carries an IPv4 one is held to both.
   */
  allows(address: string): boolean {
    const parsed = parseAddress(address);
    if (!parsed || parsed.range() === 'unspecified') return false;
    const carried = parsed.kind() === 'ipv6' ? carriedIpv4(parsed.toByteArray()) : undefined;
    return this.#lists(parsed) && (carried === undefined || this.#lists(carried));
  }

  /**
   * Whether every address of a network lies in an allowed one, for who asks many addresses in a row. What is denied inside
   * it stays denied: `allows` has the last word on each. A text that is no network is covered by none.
   */
  covers(cidr: string): boolean {
    if (!ipaddr.isValidCIDR(cidr)) return false;
    const [address, bits] = ipaddr.parseCIDR(cidr);
    return !this.#denied.some((denied) => contains(denied, address, bits)) && isCovered(address, bits, this.#allowed);
  }

  #lists(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
    const inside = ([network, bits]: Network): boolean =>
      address.kind() === network.kind() && address.match(network, bits);
    return this.#allowed.some(inside) && !this.#denied.some(inside);
  }

  /**
   * Resolves `host` once and returns the first allowed address.
   * @throws HedgerowError `address.refused` when the name does not resolve or every address is outside
   */
  async pin(host: string): Promise<PinnedAddress> {
    const bare = host.replace(/^\[|\]$/g, '');
    const literal = parseAddress(bare);
    let candidates: readonly string[];
    try {
      candidates = literal ? [literal.toString()] : await this.#lookup(bare);
    } catch (cause) {
      throw new HedgerowError('address.refused', `The name ${host} does not resolve.`, { context: { host }, cause });
    }
    const address = candidates.find((c) => this.allows(c));
    const parsed = address === undefined ? undefined : parseAddress(address);
    if (!parsed) {
      throw new HedgerowError(
        'address.refused',
        `${host} (${candidates.join(', ') || 'no address'}) is outside the networks that the configuration allows.`,
        { context: { host } },
      );
    }
    return { host, address: parsed.toString(), family: parsed.kind() === 'ipv4' ? 4 : 6 };
  }
}

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

function contains([network, networkBits]: Network, address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): boolean {
  return network.kind() === address.kind() && networkBits <= bits && address.match(network, networkBits);
}

/** Halves what no single network covers, as long as a smaller network lies inside. */
function isCovered(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number, networks: readonly Network[]): boolean {
  if (networks.some((network) => contains(network, address, bits))) return true;
  const inside = networks.filter(([network, networkBits]) => network.kind() === address.kind() && networkBits > bits && network.match(address, bits));
  if (inside.length === 0) return false;
  const lower = address.toByteArray().map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))));
  const upper = lower.map((byte, i) => (i === bits >> 3 ? byte | (0x80 >> (bits & 7)) : byte));
  return [lower, upper].every((half) => isCovered(ipaddr.fromByteArray(half), bits + 1, inside));
}

/** An IPv4-mapped IPv6 address is judged as the IPv4 address it is. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Only the dotted-quad form: "127.1" and "0x7f000001" are ways around a check, not addresses of cameras.
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.process(text);
}

/** The IPv4 address that a gateway or the system would make of an IPv6 one: compatible, translated, NAT64, 6to4. */
function carriedIpv4(bytes: readonly number[]): ipaddr.IPv4 | undefined {
  const at = carriers.find(({ prefix }) => prefix.every((byte, i) => bytes[i] === byte))?.at;
  const isLoopback = bytes.every((byte, i) => byte === (i === 15 ? 1 : 0));
  return at === undefined || isLoopback ? undefined : new ipaddr.IPv4(bytes.slice(at, at + 4));
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const carriers: readonly { readonly prefix: readonly number[]; readonly at: number }[] = [
  { prefix: zeros(12), at: 12 },
  { prefix: [...zeros(8), 0xff, 0xff, 0, 0], at: 12 },
  { prefix: [0, 0x64, 0xff, 0x9b, ...zeros(8)], at: 12 },
  { prefix: [0x20, 0x02], at: 2 },
];

function parseCidr(text: string): Network {
  try {
    return ipaddr.parseCIDR(text);
  } catch (cause) {
    throw new HedgerowError('config.invalid', `"${text}" is not a network in CIDR form, like 192.168.1.0/24.`, { cause });
  }
}
