/** A value with undo and redo, for a page. */
import { useMemo, useState } from 'react';
import { begin, redo, settle, step, undo, type History } from './history.js';

export interface Edited<T> {
  readonly now: T;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** steps with the same gesture are undone as one, until `settle` */
  readonly change: (make: (now: T) => T, gesture?: string) => void;
  readonly settle: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** begins anew: nothing to undo */
  readonly restart: (value: T) => void;
}

export function useHistory<T>(first: T): Edited<T> {
  const [history, setHistory] = useState<History<T>>(() => begin(first));
  const acts = useMemo(
    () => ({
      change: (make: (now: T) => T, gesture?: string) => setHistory((h) => step(h, make(h.now), gesture ?? null)),
      settle: () => setHistory(settle),
      undo: () => setHistory(undo),
      redo: () => setHistory(redo),
      restart: (value: T) => setHistory(begin(value)),
    }),
    [],
  );
  return { ...acts, now: history.now, canUndo: history.past.length > 0, canRedo: history.future.length > 0 };
}

/** Ctrl/Cmd+Z, Ctrl/Cmd+Shift+Z, Ctrl+Y. A text field keeps its own. @returns true when the key was one of them */
export function undoKey(event: React.KeyboardEvent, edited: Pick<Edited<unknown>, 'undo' | 'redo'>): boolean {
  const key = event.key.toLowerCase();
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y') || target?.matches('input:not([type=range]), textarea, select')) return false;
  event.preventDefault();
  if (key === 'y' || event.shiftKey) edited.redo();
  else edited.undo();
  return true;
}
