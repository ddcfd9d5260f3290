/**
 * The pictures around an alert as a video, with a track of our own under it: the alert's moment, every picture, and the gaps with
 * their reasons. Space plays, arrow keys step by picture. Nothing is read before somebody asks for it: reading is recorded.
 */
import { useRef, useState, type KeyboardEvent } from 'react';
import type { Alert } from '../../contract/alert.js';
import type { ReelRow } from '../../contract/reel.js';
import { api } from '../api/endpoints.js';
import { useSession } from '../session/session-context.js';
import { Icon } from '../shell/icons.js';
import { formatBytes, formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { countWords } from './alert-words.js';
import { ReelTrack } from './reel-track.js';
import { blindAt, momentMs, pictureAt, stepFrom } from './reel-times.js';
import { gapWords, sideWords } from './reel-words.js';

/** Into the picture, so that rounding never shows the one before it. */
const insideMs = 20;

/** The browser's own controls listen on the video itself and would take the same Space again: it must not get there. */
const ours = (event: KeyboardEvent): void => {
  if (event.key !== ' ') return;
  event.preventDefault();
  event.stopPropagation();
};

export function ReelPlayer({ alert, reel }: { alert: Alert; reel: ReelRow }) {
  const { t, language } = useText();
  const { zoneOf } = useSession();
  const video = useRef<HTMLVideoElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const [atMs, setAtMs] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);
  const shownMs = Math.min(atMs ?? momentMs(reel), reel.lengthMs);
  const gap = atMs === null ? undefined : blindAt(reel, atMs);
  const zone = zoneOf(alert.siteId);

  const seek = (toMs: number): void => {
    const player = video.current;
    if (!player) return;
    player.pause();
    if (player.readyState === 0) {
      player.preload = 'auto';
      player.load();
    }
    player.currentTime = (toMs + insideMs) / 1000;
    setAtMs(toMs);
  };
  const toggle = (): void => {
    const player = video.current;
    if (!player) return;
    if (player.paused) player.play().catch(() => undefined);
    else player.pause();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act: Record<string, () => void> = {
      ' ': toggle,
      'ArrowRight': () => seek(stepFrom(reel, shownMs, 1)),
      'ArrowLeft': () => seek(stepFrom(reel, shownMs, -1)),
      'Home': () => seek(0),
      'End': () => seek(reel.pictures.at(-1)?.atMs ?? 0),
    };
    const action = act[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  const where = sideWords(shownMs - reel.alertAtMs, t);

  return (
    <figure className="reel" data-testid="reel" data-at={Math.round(shownMs)}>
      <div ref={screen} className="reel-screen" onKeyDownCapture={onKey} onKeyUpCapture={ours} style={{ aspectRatio: `${reel.widthPx} / ${reel.heightPx}` }}>
        {/* Pictures have no sound: what captions would say stands in the track's words. */}
        <video
          ref={video}
          controls
          controlsList="nodownload nofullscreen noremoteplayback noplaybackrate"
          disablePictureInPicture
          disableRemotePlayback
          muted
          playsInline
          preload="none"
          tabIndex={0}
          src={api.reelUrl(reel.id)}
          {...(alert.pictureId !== null && { poster: api.pictureUrl(alert.pictureId) })}
          aria-label={t('reel.label', { what: countWords(alert, t), camera: alert.cameraName })}
          data-testid="reel-video"
          onTimeUpdate={(event) => {
            const { currentTime, seeking, readyState } = event.currentTarget;
            if (!seeking && readyState > 0) setAtMs(Math.max(0, currentTime * 1000 - (event.currentTarget.paused ? insideMs : 0)));
          }}
          onError={() => setFailed(true)}
          onLoadedData={() => setFailed(false)}
        />
        {gap && (
          <p className="reel-in-gap" data-testid="reel-in-gap">
            <Icon name="mask" size={18} /> {t('reel.gap.now', { reason: gapWords(gap.reason, t) })}
          </p>
        )}
      </div>
      {failed && (
        <p className="problem" data-testid="reel-failed">
          <Icon name="warn" /> {t('reel.failed')}
        </p>
      )}
      <ReelTrack reel={reel} atMs={shownMs} begun={atMs !== null} onSeek={seek} onKey={onKey} />
      <div className="reel-row">
        <div className="actions">
          <button type="button" className="small" onClick={() => seek(stepFrom(reel, shownMs, -1))} aria-label={t('reel.previous')} title={t('reel.previous')} data-testid="reel-previous">
            <Icon name="back" />
          </button>
          <button type="button" className="small flip" onClick={() => seek(stepFrom(reel, shownMs, 1))} aria-label={t('reel.next')} title={t('reel.next')} data-testid="reel-next">
            <Icon name="back" />
          </button>
          {/* Our own, so that what covers a gap goes with the video. */}
          <button type="button" className="small" onClick={() => void screen.current?.requestFullscreen().catch(() => undefined)} aria-label={t('reel.larger')} title={t('reel.larger')} data-testid="reel-larger">
            <Icon name="expand" />
          </button>
        </div>
        <figcaption data-testid="reel-where">
          <b>{where}</b> · <time>{formatMoment(new Date(Date.parse(reel.firstAt) + shownMs).toISOString(), zone, language, Date.now())}</time> ·{' '}
          {t('reel.number', { n: pictureAt(reel, shownMs) + 1, of: reel.pictures.length })}
        </figcaption>
        <a className="button small" href={api.reelUrl(reel.id)} download={fileName(alert, reel)} data-testid="reel-download">
          <Icon name="download" />
          {t('reel.download', { size: formatBytes(reel.bytes, language) })}
        </a>
      </div>
      {reel.gaps.length > 0 && (
        <ul className="reel-gaps" aria-label={t('reel.gaps')} data-testid="reel-gaps">
          {reel.gaps.map((g) => (
            <li key={g.fromMs}>{t('reel.gap', { from: sideWords(g.fromMs - reel.alertAtMs, t), to: sideWords(g.toMs - reel.alertAtMs, t), reason: gapWords(g.reason, t) })}</li>
          ))}
        </ul>
      )}
      <p className="hint">{t('reel.recorded')}</p>
    </figure>
  );
}

/** Letters that every file system takes; the camera's name stays readable, also in Chinese. */
function fileName(alert: Alert, reel: ReelRow): string {
  const camera = alert.cameraName.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
  return `${camera}-${alert.raisedAt.slice(0, 19).replace(/[:T]/g, '-')}Z.${reel.mediaType === 'video/mp4' ? 'mp4' : 'webm'}`;
}
