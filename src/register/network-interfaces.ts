/** The machine's IPv4 interfaces, as discovery chooses them. */
import os from 'node:os';
import { HedgerowError } from '../core/errors.js';

export interface Ipv4Interface {
  readonly name: string;
  readonly address: string;
}

/** Networks between containers on this machine: no camera is there, and probes on them only cost time. */
const containerBridge = /^(docker|br-|veth|virbr|cni|flannel|podman)/;

/**
 * @param wanted names or IPv4 addresses; empty: every interface but container bridges
 * @throws HedgerowError `discovery.interface` for one that is not here
 */
export function chooseInterfaces(wanted: readonly string[], present: readonly Ipv4Interface[] = ipv4Interfaces()): readonly Ipv4Interface[] {
  if (wanted.length === 0) return present.filter((i) => !containerBridge.test(i.name));
  return wanted.flatMap((w) => {
    const found = present.filter((i) => i.name === w || i.address === w);
    if (found.length === 0) {
      const known = present.map((i) => `${i.name} (${i.address})`).join(', ');
      throw new HedgerowError('discovery.interface', `There is no IPv4 interface "${w.slice(0, 60)}". There are: ${known || 'none'}.`);
    }
    return found;
  });
}

/** Every IPv4 address that this machine has. */
export function ownAddresses(): ReadonlySet<string> {
  return new Set(ipv4Interfaces().map((i) => i.address));
}

function ipv4Interfaces(): readonly Ipv4Interface[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) => (addresses ?? []).filter((a) => a.family === 'IPv4').map((a) => ({ name, address: a.address })));
}
