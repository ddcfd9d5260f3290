/** The time, again and again: for ages on the page. All components that show one tick together. */
import { useSyncExternalStore } from 'react';

/** Milliseconds since the epoch, rounded down to `everyMs`, and rendered anew at each step. */
export function useNow(everyMs = 1000): number {
  const read = (): number => Math.floor(Date.now() / everyMs) * everyMs;
  return useSyncExternalStore((tick) => {
    const timer = setInterval(tick, Math.min(everyMs, 1000));
    return () => clearInterval(timer);
  }, read);
}
