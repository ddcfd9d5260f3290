/**
 * What was done to a value, to be undone and done again. Steps of one gesture (a drag, typing into one field) share a
 * `gesture` and are one step back.
 */
export interface History<T> {
  readonly past: readonly T[];
  readonly now: T;
  readonly future: readonly T[];
  readonly gesture: string | null;
}

const mostSteps = 200;

export function begin<T>(value: T): History<T> {
  return { past: [], now: value, future: [], gesture: null };
}

/** The same value again changes nothing, not even what can be done again. */
export function step<T>(history: History<T>, value: T, gesture: string | null = null): History<T> {
  if (value === history.now) return history;
  const goesOn = gesture !== null && gesture === history.gesture;
  return { past: goesOn ? history.past : [...history.past, history.now].slice(-mostSteps), now: value, future: [], gesture };
}

/** Ends a gesture: the next step is a step of its own. */
export function settle<T>(history: History<T>): History<T> {
  return history.gesture === null ? history : { ...history, gesture: null };
}

export function undo<T>(history: History<T>): History<T> {
  const [last, before] = [history.past.at(-1), history.past.slice(0, -1)];
  return history.past.length === 0 ? history : { past: before, now: last as T, future: [history.now, ...history.future], gesture: null };
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...after] = history.future;
  return history.future.length === 0 ? history : { past: [...history.past, history.now], now: next as T, future: after, gesture: null };
}
