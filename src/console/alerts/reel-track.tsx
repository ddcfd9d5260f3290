/** The time of a reel as a line: pictures, gaps, the alert's moment. A slider for pointer and keys; the player does the seeking. */
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import type { ReelRow } from '../../contract/reel.js';
import { Icon } from '../shell/icons.js';
import { useText } from '../text/i18n.js';
import { momentMs, pictureAt } from './reel-times.js';
import { sideWords } from './reel-words.js';

interface TrackProps {
  reel: ReelRow;
  atMs: number;
  /** somebody played or stepped already */
  begun: boolean;
  onSeek: (toMs: number) => void;
  onKey: (event: KeyboardEvent) => void;
}

export function ReelTrack({ reel, atMs, begun, onSeek, onKey }: TrackProps) {
  const { t } = useText();
  const line = useRef<HTMLDivElement>(null);
  const length = Math.max(1, reel.lengthMs);
  const clamp = (ms: number): number => Math.min(length, Math.max(0, ms));
  const share = (ms: number): string => `${((100 * clamp(ms)) / length).toFixed(3)}%`;
  const seekTo = (event: PointerEvent): void => {
    const box = line.current?.getBoundingClientRect();
    if (!box || box.width === 0) return;
    const ms = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * length;
    // To a picture, not between two of them.
    onSeek(reel.pictures[pictureAt(reel, ms)]?.atMs ?? 0);
  };
  return (
    <div className="reel-time">
      <div
        ref={line}
        className="reel-track"
        role="slider"
        tabIndex={0}
        aria-label={t('reel.track')}
        aria-valuemin={0}
        aria-valuemax={Math.round(length)}
        aria-valuenow={Math.round(atMs)}
        aria-valuetext={`${sideWords(atMs - reel.alertAtMs, t)}, ${t('reel.number', { n: pictureAt(reel, atMs) + 1, of: reel.pictures.length })}`}
        onKeyDown={onKey}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          seekTo(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) seekTo(event);
        }}
        data-testid="reel-track"
      >
        <svg className="reel-ticks" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
          <path d={reel.pictures.map((p) => `M${((1000 * p.atMs) / length).toFixed(1)} 0V10`).join('')} />
        </svg>
        {reel.gaps.map((gap) => (
          <span key={gap.fromMs} className="reel-gap" style={{ left: share(gap.fromMs), width: share(clamp(gap.toMs) - clamp(gap.fromMs)) }} />
        ))}
        <span className="reel-moment" style={{ left: share(momentMs(reel)) }} data-testid="reel-moment">
          <Icon name="bell" size={12} />
        </span>
        {begun && <span className="reel-head" style={{ left: share(atMs) }} />}
      </div>
      <p className="reel-ends" data-testid="reel-ends">
        <span>{sideWords(-reel.alertAtMs, t)}</span>
        <span>{sideWords(length - reel.alertAtMs, t)}</span>
      </p>
    </div>
  );
}
