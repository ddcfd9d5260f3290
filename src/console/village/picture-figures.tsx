/** What a picture leaves out, in words, and what the colours on it mean. */
import type { CSSProperties } from 'react';
import type { PictureRow } from '../../contract/picture.js';
import { formatNumber, formatShare } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { heldColour, silhouetteColours, type Colour } from './class-colours.js';

const css = (colour: Colour): CSSProperties => ({ ['--sign' as string]: `rgb(${colour.join(' ')})` });

/** "12% painted out, 3% never seen empty · 87 px per metre at the nearest ground" */
export function PictureShares({ picture }: { picture: PictureRow }) {
  const { t, language } = useText();
  const density = picture.densityPxPerM ?? null;
  return (
    <p className="picture-shares" data-testid="picture-shares">
      {t('share.masked', { share: formatShare(picture.maskRatio, language) })}
      {picture.heldRatio > 0 && t('share.held', { share: formatShare(picture.heldRatio, language) })}
      {density !== null && ` · ${t('share.density', { n: formatNumber(density, language) })}`}
    </p>
  );
}

export function PictureLegend() {
  const { t } = useText();
  return (
    <ul className="picture-legend" aria-label={t('legend.label')} data-testid="picture-legend">
      {(['person', 'vehicle', 'animal', 'change'] as const).map((name) => (
        <li key={name}>
          <i className={`legend-sign legend-${name}`} style={css(silhouetteColours[name])} />
          {t(`class.${name}`)}
        </li>
      ))}
      <li>
        <i className="legend-sign legend-held" style={css(heldColour)} />
        {t('legend.held')}
      </li>
    </ul>
  );
}
