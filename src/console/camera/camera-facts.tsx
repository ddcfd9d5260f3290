/** What is registered about a camera: why it is there, who answers for it, what it is. */
import type { Camera } from '../../contract/camera.js';
import { useSession } from '../session/session-context.js';
import { formatDate, formatFull } from '../text/format.js';
import { useText } from '../text/i18n.js';

export function CameraFacts({ camera }: { camera: Camera }) {
  const { t, language } = useText();
  const { zoneOf, sites } = useSession();
  const zone = zoneOf(camera.siteId);
  const overdue = camera.reviewOn < new Date().toISOString().slice(0, 10);
  const at = (iso: string | null): string => (iso === null ? '—' : formatFull(iso, zone, language));
  const degrees = (value: number | null): string => (value === null ? '—' : `${value}°`);
  const position = camera.latitude === null || camera.longitude === null ? '—' : `${camera.latitude.toFixed(6)}, ${camera.longitude.toFixed(6)}`;
  const rows: readonly (readonly [label: string, value: string, tone?: string])[] = [
    [t('field.purpose'), camera.purpose],
    [t('field.owner'), camera.owner],
    [t('field.legalBasis'), camera.legalBasis],
    [t('field.reviewOn'), formatDate(camera.reviewOn, language) + (overdue ? ` · ${t('camera.overdue')}` : ''), overdue ? 'bad' : ''],
    [t('summary.site'), sites.find((s) => s.id === camera.siteId)?.name ?? '—'],
    [t('field.address'), camera.address],
    [t('field.protocol'), camera.protocol === 'onvif' ? 'ONVIF' : 'RTSP'],
    [t('field.credentials'), camera.username === null ? t('camera.no-credentials') : `${camera.username}${camera.hasPassword ? ' · ••••••' : ''}`],
    [t('field.maker'), [camera.manufacturer, camera.model].filter(Boolean).join(' ') || '—'],
    [t('field.firmware'), camera.firmware ?? '—'],
    [t('field.serial'), camera.serialNumber ?? '—'],
    [t('field.sampleInterval'), t('camera.seconds', { n: camera.sampleIntervalMs / 1000 })],
    [t('field.position'), position],
    [t('field.view'), `${degrees(camera.azimuthDeg)} · ${degrees(camera.horizontalFovDeg)} · ${camera.mountHeightM === null ? '—' : `${camera.mountHeightM} m`}`],
    [t('camera.last-frame'), at(camera.lastFrameAt)],
    [t('camera.state-since'), at(camera.stateSince)],
  ];
  return (
    <dl className="facts">
      {rows.map(([label, value, tone]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={tone}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
