/**
 * Finds ONVIF devices: by WS-Discovery on every IPv4 interface and, on demand, address by address; and hears those that
 * announce themselves. Both are parts of their own, put together here.
 */
import type { Discovery } from '../contract/registry.js';
import { createPresence } from './discovery-presence.js';
import { runDiscovery, type DiscoveryParts } from './discovery-run.js';

export function createDiscovery(parts: DiscoveryParts): Discovery {
  const presence = createPresence(parts);
  return {
    discover: (options) => runDiscovery(options, parts),
    announced: () => presence.announced(),
    listen: () => presence.listen(),
    close: () => presence.close(),
  };
}
