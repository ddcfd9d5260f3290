/** The machine's own networks, as discovery chooses among them and as the address guard may allow them. */
import os from 'node:os';
import ipaddr from 'ipaddr.js';
import { HedgerowError } from '../core/errors.js';

export interface Ipv4Interface {
  readonly name: string;
  readonly address: string;
  /** the network that it is on, `192.168.1.0/24` */
  readonly network: string;
}

export interface Skipped {
  readonly interface: string;
  readonly reason: string;
}

export interface InterfaceChoice {
  readonly chosen: readonly Ipv4Interface[];
  readonly skipped: readonly Skipped[];
}

/**
 * Networks between containers and virtual machines on this machine: no camera is there, and probes on them only cost time.
 * A bridge that Docker made is named by twelve digits: `br-lan` and `br0` are somebody's real network.
 */
const containerBridge = /^(docker|br-[0-9a-f]{12}$|veth|virbr|vnet|lxc|lxd|cni|cali|flannel|weave|cilium|kube|podman|cbr|nerdctl)/;

export function isContainerBridge(name: string): boolean {
  return containerBridge.test(name);
}

/**
 * Tunnels and VPNs are asked like any other: some carry multicast.
 * @param wanted names or IPv4 addresses; empty: every interface, container bridges only with `bridges`. Who names a bridge means it.
 * @throws HedgerowError `discovery.interface` for one that is not here
 */
export function chooseInterfaces(wanted: readonly string[], options: { bridges?: boolean; present?: readonly Ipv4Interface[] } = {}): InterfaceChoice {
  const present = options.present ?? ipv4Interfaces();
  if (wanted.length === 0) {
    const isLeftOut = ({ name }: Ipv4Interface): boolean => options.bridges !== true && isContainerBridge(name);
    const names = new Set(present.filter(isLeftOut).map((i) => i.name));
    return {
      chosen: present.filter((i) => !isLeftOut(i)),
      skipped: [...names].map((name) => ({ interface: name, reason: 'a network between containers; ask for it with "bridges"' })),
    };
  }
  const chosen = wanted.flatMap((w) => {
    const found = present.filter((i) => i.name === w || i.address === w);
    if (found.length === 0) {
      const known = present.map((i) => `${i.name} (${i.address})`).join(', ');
      throw new HedgerowError('discovery.interface', `There is no IPv4 interface "${w.slice(0, 60)}". There are: ${known || 'none'}.`);
    }
    return found;
  });
  return { chosen: chosen.filter((one, i) => chosen.findIndex((other) => other.name === one.name && other.address === one.address) === i), skipped: [] };
}

/** Every IPv4 address that this machine has. */
export function ownAddresses(): ReadonlySet<string> {
  return new Set(ipv4Interfaces().map((i) => i.address));
}

/** The interface on whose network an address is, the narrowest one first; null when it is on none. */
export function interfaceToward(address: string, present: readonly Ipv4Interface[]): string | null {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return null;
  const parsed = ipaddr.IPv4.parse(address);
  const around = present.flatMap(({ name, network }) => {
    const [base, bits] = ipaddr.IPv4.parseCIDR(network);
    return parsed.match(base, bits) ? [{ name, bits }] : [];
  });
  return around.sort((a, b) => b.bits - a.bits)[0]?.name ?? null;
}

/** A network wider than this is a slip of a configuration, not where somebody's cameras are. */
const widestBits = { IPv4: 8, IPv6: 32 } as const;

/** The networks of this machine's interfaces in CIDR form, as they are now; this machine alone (loopback) is none of them. */
export function ownNetworks(present: NodeJS.Dict<os.NetworkInterfaceInfo[]> = os.networkInterfaces()): readonly string[] {
  const all = Object.values(present).flatMap((addresses) => addresses ?? []);
  const networks = all.flatMap(({ internal, cidr, family }) => {
    if (internal || cidr === null || !ipaddr.isValidCIDR(cidr)) return [];
    const [address, bits] = ipaddr.parseCIDR(cidr);
    return bits < widestBits[family] ? [] : [networkOf(address, bits)];
  });
  return [...new Set(networks)];
}

export function ipv4Interfaces(): readonly Ipv4Interface[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter((a) => a.family === 'IPv4')
      .map((a) => {
        const [address, bits] = ipaddr.parseCIDR(a.cidr ?? `${a.address}/32`);
        return { name, address: a.address, network: networkOf(address, bits) };
      }),
  );
}

function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = address.toByteArray().map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))));
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`;
}
