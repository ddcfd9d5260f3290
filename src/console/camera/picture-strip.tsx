/** The newest stored pictures of a camera, and the receipt of the chosen one. */
import type { PictureRow } from '../../contract/picture.js';
import { usePictures } from '../api/queries.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { useSession } from '../session/session-context.js';
import { ProblemBox } from '../shell/notices.js';
import { StoredPicture } from '../shell/stored-picture.js';
import { formatBytes, formatFull, formatMoment, formatNumber, formatShare } from '../text/format.js';
import { useText } from '../text/i18n.js';

export function PictureStrip({ camera, chosenId, onChoose }: { camera: CameraOnPage; chosenId: string | null; onChoose: (picture: PictureRow | null) => void }) {
  const { t, language } = useText();
  const { zoneOf } = useSession();
  const query = usePictures(camera.id, 18, true);
  const zone = zoneOf(camera.siteId);
  const chosen = query.data?.items.find((p) => p.id === chosenId);
  return (
    <section className="panel">
      <h2>{t('camera.stored')}</h2>
      <ProblemBox error={query.error} />
      {query.data?.items.length === 0 && <p className="muted">{t('camera.stored.none')}</p>}
      <ul className="strip" data-testid="strip">
        {(query.data?.items ?? []).map((picture) => (
          <li key={picture.id}>
            <button type="button" aria-pressed={picture.id === chosenId} onClick={() => onChoose(picture.id === chosenId ? null : picture)} title={formatFull(picture.receivedAt, zone, language)}>
              <StoredPicture
                id={picture.id}
                siteId={picture.siteId}
                takenAt={picture.receivedAt}
                alt={t('picture.alt', { camera: camera.name, time: formatMoment(picture.receivedAt, zone, language, Date.now()) })}
                instead={(reason) => <span className="strip-none">{reason}</span>}
              />
              <time dateTime={picture.receivedAt}>{formatMoment(picture.receivedAt, zone, language, Date.now())}</time>
            </button>
          </li>
        ))}
      </ul>
      {chosen && (
        <dl className="facts receipt" data-testid="receipt">
          {(
            [
              [t('receipt.received'), formatFull(chosen.receivedAt, zone, language)],
              [t('receipt.captured'), chosen.capturedAt === null ? '—' : formatFull(chosen.capturedAt, zone, language)],
              [t('receipt.size'), `${chosen.widthPx} × ${chosen.heightPx} px · ${formatBytes(chosen.bytes, language)}`],
              [t('receipt.masked'), t('share.masked', { share: formatShare(chosen.maskRatio, language) }) + t('share.held', { share: formatShare(chosen.heldRatio, language) })],
              ...(typeof chosen.densityPxPerM === 'number' ? [[t('receipt.density'), t('share.density', { n: formatNumber(chosen.densityPxPerM, language) })] as const] : []),
              [t('receipt.model'), chosen.modelHash === null ? t('detector.change-only') : chosen.modelHash.slice(0, 16)],
              [t('receipt.expires'), formatFull(chosen.expiresAt, zone, language)],
              ['SHA-256', chosen.sha256],
            ] as const
          ).map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd className={label === 'SHA-256' ? 'hash' : ''}>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
