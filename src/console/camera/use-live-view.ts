/**
 * One camera's live masked view for as long as somebody looks: begins on a press, ends on a press, when the page is left, and when
 * it is hidden for half a minute. What is drawn stands on one canvas; nothing of it is kept.
 */
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { api } from '../api/endpoints.js';
import { bodyChunks } from '../live/body-chunks.js';
import { browserWait } from '../live/browser-wait.js';
import { followLive, type LineState } from '../live/follow-live.js';
import { withArrival, type Arrival } from '../live/live-figures.js';
import { createPainter } from '../live/live-painter.js';

/** A page that nobody can see ends the view after so long: looking is recorded, so it shall be looking. */
const hiddenEndsMs = 30_000;

export interface NewestLive extends Arrival {
  readonly maskRatio: number | null;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface LiveView {
  /** `off`: not asked for; `hidden`: ended because nobody could see it */
  readonly line: LineState | { readonly status: 'off' } | { readonly status: 'hidden' };
  readonly newest: NewestLive | null;
  /** why there is no picture just now */
  readonly withheld: string | null;
  /** when the last pictures came, ms of the page's clock */
  readonly arrivals: readonly number[];
  /** how far the server's clock is ahead */
  readonly serverAheadMs: number;
  /** to be on the page while the view is on */
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly start: () => void;
  readonly stop: () => void;
}

/** Somebody asked for it and it has not ended: also while it connects, is interrupted or was refused. */
export function isLive(view: LiveView): boolean {
  return view.line.status !== 'off' && view.line.status !== 'hidden';
}

export function useLiveView(cameraId: string): LiveView {
  const [wanted, setWanted] = useState(false);
  const [line, setLine] = useState<LiveView['line']>({ status: 'off' });
  const [newest, setNewest] = useState<NewestLive | null>(null);
  const [withheld, setWithheld] = useState<string | null>(null);
  const [arrivals, setArrivals] = useState<readonly number[]>([]);
  const [serverAheadMs, setServerAheadMs] = useState(0);
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    if (!wanted) return;
    const ending = new AbortController();
    const takeAway = (): void => {
      const surface = canvas.current;
      surface?.getContext('2d')?.clearRect(0, 0, surface.width, surface.height);
      setNewest(null);
    };
    const painter = createPainter<ImageBitmap>({
      decode: (picture) => createImageBitmap(new Blob([picture.jpeg], { type: 'image/jpeg' })),
      draw: (bitmap, picture) => {
        const surface = canvas.current;
        if (!surface) return;
        if (surface.width !== bitmap.width) surface.width = bitmap.width;
        if (surface.height !== bitmap.height) surface.height = bitmap.height;
        surface.getContext('2d')?.drawImage(bitmap, 0, 0);
        const arrivedAtMs = Date.now();
        setWithheld(null);
        setArrivals((held) => withArrival(held, arrivedAtMs));
        setNewest({ receivedAtMs: Date.parse(picture.receivedAt), arrivedAtMs, maskRatio: picture.maskRatio, widthPx: bitmap.width, heightPx: bitmap.height });
      },
    });
    void followLive({
      connect: async (signal) => {
        const response = await api.live(cameraId, signal);
        return { contentType: response.headers.get('content-type'), date: response.headers.get('date'), chunks: bodyChunks(response.body) };
      },
      onMessage: (message) => {
        if (message.kind === 'picture') return painter.offer(message);
        painter.clear();
        takeAway();
        setWithheld(message.reason);
      },
      onState: (state) => {
        setLine(state);
        if (state.status === 'open') setServerAheadMs(state.serverAheadMs);
        if (state.status !== 'refused') return;
        painter.clear();
        takeAway();
      },
      wait: browserWait,
      now: () => Date.now(),
      signal: ending.signal,
    });

    let unseen: ReturnType<typeof setTimeout> | undefined;
    const onVisibility = (): void => {
      clearTimeout(unseen);
      if (document.visibilityState !== 'hidden') return;
      unseen = setTimeout(() => {
        setWanted(false);
        setLine({ status: 'hidden' });
      }, hiddenEndsMs);
    };
    onVisibility();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      clearTimeout(unseen);
      ending.abort();
      painter.clear();
      takeAway();
      setWithheld(null);
      setArrivals([]);
    };
  }, [cameraId, wanted]);

  const start = useCallback(() => {
    setWanted(true);
    setLine({ status: 'connecting' });
  }, []);
  const stop = useCallback(() => {
    setWanted(false);
    setLine({ status: 'off' });
  }, []);
  return { line, newest, withheld, arrivals, serverAheadMs, canvas, start, stop };
}
