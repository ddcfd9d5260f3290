/** A camera's newest picture: read when it can be seen on the screen, when there is a newer one, and not too often. */
import { useEffect, useRef, useState, type RefObject } from 'react';
import { api } from '../api/endpoints.js';
import { waitBeforeReading } from './picture-pace.js';

/** True from the first time on that the element was near the visible part, and while it is. */
export function useVisible(ref: RefObject<Element | null>): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new IntersectionObserver((entries) => setVisible(entries.some((e) => e.isIntersecting)), { rootMargin: '200px' });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return visible;
}

/** @param pictureId what makes it new; null: there is none to read */
export function useNewestPicture(cameraId: string, pictureId: string | null, wanted: boolean): { url: string | null; error: unknown } {
  const [shown, setShown] = useState<{ url: string; pictureId: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const readAt = useRef<number | null>(null);

  useEffect(() => {
    if (!wanted || pictureId === null || shown?.pictureId === pictureId) return;
    const ending = new AbortController();
    const read = async (): Promise<void> => {
      readAt.current = Date.now();
      try {
        const blob = await api.newestPicture(cameraId, ending.signal);
        if (ending.signal.aborted) return;
        setError(null);
        setShown({ url: URL.createObjectURL(blob), pictureId });
      } catch (caught) {
        if (!ending.signal.aborted) setError(caught);
      }
    };
    const timer = setTimeout(() => void read(), waitBeforeReading(readAt.current, Date.now()));
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [cameraId, pictureId, wanted, shown?.pictureId]);

  // The old picture's memory is given back once the new one is on the page.
  const url = shown?.url ?? null;
  useEffect(() => () => (url === null ? undefined : URL.revokeObjectURL(url)), [url]);
  return { url, error };
}
