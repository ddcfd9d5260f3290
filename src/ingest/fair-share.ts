/** How many cameras a worker takes, so that the live workers carry the same load as far as their capacities allow. */

/**
 * The lowest equal level at which all cameras fit, cut to this worker's own capacity. When they do not all fit, it is
 * the capacity.
 * @param capacities of every live worker, this one too
 */
export function fairShare(cameras: number, capacities: readonly number[], own: number): number {
  const sorted = [...capacities].sort((a, b) => a - b);
  let left = cameras;
  for (const [i, capacity] of sorted.entries()) {
    const level = Math.ceil(left / (sorted.length - i));
    if (level <= capacity) return Math.min(own, level);
    left -= capacity;
  }
  return own;
}
