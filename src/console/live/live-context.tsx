/** Opens the event stream for a signed-in person, feeds the lists, and says how the line is. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { Alert } from '../../contract/alert.js';
import type { StreamEvent } from '../../contract/events.js';
import { pathWith } from '../api/client.js';
import { keys, type AlertPages } from '../api/queries.js';
import { bodyChunks } from './body-chunks.js';
import { browserWait } from './browser-wait.js';
import { applyToCameras, upsertAlertPages, type CameraOnPage } from './apply-event.js';
import { followStream, type StreamConnection, type StreamState } from './event-stream.js';

/** The last gap: when, and how many events came after it until the lists were read anew. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly caughtUp: boolean;
  readonly events: number;
}

interface Live {
  readonly state: StreamState;
  readonly gap: Gap | null;
  readonly dismissGap: () => void;
  /** Calls back for every newly raised alert. @returns how to stop */
  readonly onRaised: (listener: (alert: Alert) => void) => () => void;
}

const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('outside of LiveProvider');
  return live;
}

async function connect(lastEventId: string | null, signal: AbortSignal): Promise<StreamConnection> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (lastEventId !== null) headers['last-event-id'] = lastEventId;
  const response = await fetch(pathWith('/events'), { headers, credentials: 'same-origin', cache: 'no-store', signal });
  return { status: response.status, chunks: bodyChunks(response.body) };
}

export function LiveProvider({ children, onRefused }: { children: ReactNode; onRefused: () => void }) {
  const queries = useQueryClient();
  const [state, setState] = useState<StreamState>({ status: 'connecting' });
  const [gap, setGap] = useState<Gap | null>(null);
  const listeners = useRef(new Set<(alert: Alert) => void>());
  const refused = useRef(onRefused);
  refused.current = onRefused;

  useEffect(() => {
    const ending = new AbortController();
    const onEvent = (event: StreamEvent): void => {
      setGap((g) => (g && !g.caughtUp ? { ...g, events: g.events + 1 } : g));
      queries.setQueryData<readonly CameraOnPage[]>(keys.cameras, (cameras) => (cameras ? applyToCameras(cameras, event) : cameras));
      if (event.type === 'camera.registered') void queries.invalidateQueries({ queryKey: keys.cameras });
      if (event.type === 'site.changed') for (const queryKey of [keys.features(event.siteId), keys.sites, keys.places]) void queries.invalidateQueries({ queryKey });
      if (event.type === 'picture.stored') void queries.invalidateQueries({ queryKey: keys.pictures(event.data.cameraId) });
      if (event.type === 'reel.stored') void queries.invalidateQueries({ queryKey: keys.reel(event.data.alertId) });
      if (event.type === 'alert.raised' || event.type === 'alert.changed') {
        queries.setQueryData<AlertPages>(keys.alerts, (data) => (data ? upsertAlertPages(data, event.data) : data));
      }
      if (event.type === 'alert.raised') for (const listener of listeners.current) listener(event.data);
    };
    const onState = (next: StreamState): void => {
      setState(next);
      if (next.status === 'refused' && next.httpStatus === 401) refused.current();
      if (next.status !== 'open') return;
      // Between a list and the stream nothing may fall: whatever was read before the line stood is read again.
      const read = Promise.all([keys.cameras, keys.alerts, keys.reels].map((queryKey) => queries.invalidateQueries({ queryKey })));
      if (next.lostAtMs === null) return;
      setGap({ fromMs: next.lostAtMs, toMs: Date.now(), caughtUp: false, events: 0 });
      void read.then(() => setGap((g) => (g ? { ...g, caughtUp: true } : g)));
    };
    void followStream({ connect, onEvent, onState, wait: browserWait, now: () => Date.now(), signal: ending.signal });
    return () => ending.abort();
  }, [queries]);

  const live = useMemo<Live>(
    () => ({
      state,
      gap,
      dismissGap: () => setGap(null),
      onRaised: (listener) => {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [state, gap],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}
