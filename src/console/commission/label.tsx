/** A label for the pole or the box: what the camera is called, who it belongs to, and a code that leads to its page. */
import { renderSVG } from 'uqr';
import type { Camera } from '../../contract/camera.js';
import { useText } from '../text/i18n.js';

/** @param url of the camera's page; without any secret: a label hangs where everybody reads it */
export function Label({ camera, site, url }: { camera: Camera; site: string; url: string }) {
  const { t } = useText();
  const code = `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(url, { ecc: 'M', border: 1 }))}`;
  return (
    <article className="label" data-testid="label">
      <img src={code} alt={t('print.qr', { camera: camera.name })} width={120} height={120} />
      <div>
        <b>{camera.name}</b>
        <div>{site}</div>
        <div>{camera.owner}</div>
        <div className="num">{camera.macAddress ?? camera.serialNumber ?? ''}</div>
        <div className="hash">{camera.id}</div>
      </div>
    </article>
  );
}
