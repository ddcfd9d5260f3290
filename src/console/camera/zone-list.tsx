/** The zones of a camera in words: kind, name, place. Pointing at one lights it up on the picture. */
import type { Zone } from '../../contract/zone.js';
import { usePlaces, useRules } from '../api/queries.js';
import { Icon } from '../shell/icons.js';
import { useText } from '../text/i18n.js';

interface ZoneListProps {
  zones: readonly Zone[];
  mayEdit: boolean;
  /** a shape is changed on a picture, or it is a privacy zone */
  mayShape: (zone: Zone) => boolean;
  onEdit: (zone: Zone) => void;
  onHot: (id: string | null) => void;
  onRemove: (zone: Zone) => void;
}

export function ZoneList({ zones, mayEdit, mayShape, onEdit, onHot, onRemove }: ZoneListProps) {
  const { t } = useText();
  const places = usePlaces().data ?? [];
  const rules = useRules().data ?? [];
  if (zones.length === 0) return <p className="muted">{t('zone.none')}</p>;
  return (
    <ul className="rows" data-testid="zone-list">
      {zones.map((zone) => {
        const place = places.find((p) => p.id === zone.placeId);
        const own = rules.filter((r) => r.zoneId === zone.id && r.enabled);
        return (
          <li key={zone.id} onMouseEnter={() => onHot(zone.id)} onMouseLeave={() => onHot(null)} data-testid="zone-row">
            <ZoneSwatch kind={zone.kind} />
            <div className="grow">
              <b>{zone.name}</b> <span className="muted">{t(`zone.kind.${zone.kind}`)}</span>
              {place && (
                <div className="muted">
                  {place.name} · {t(`kind.${place.kind}`)}
                </div>
              )}
            </div>
            {zone.kind === 'guard' && <span className={`tag ${own.some((r) => r.armed) ? 'tag-armed' : ''}`}>{own.length === 0 ? t('zone.no-rule') : own.some((r) => r.armed) ? t('rule.armed') : t('rule.disarmed')}</span>}
            {mayEdit && mayShape(zone) && (
              <button type="button" className="bare" onFocus={() => onHot(zone.id)} onBlur={() => onHot(null)} onClick={() => { onHot(null); onEdit(zone); }} aria-label={t('zone.change.named', { name: zone.name })} title={t('zone.change')} data-testid="zone-edit">
                <Icon name="edit" />
              </button>
            )}
            {mayEdit && (
              <button type="button" className="bare" onFocus={() => onHot(zone.id)} onBlur={() => onHot(null)} onClick={() => onRemove(zone)} aria-label={t('zone.remove.named', { name: zone.name })} data-testid="zone-remove">
                <Icon name="trash" />
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Hatch and dash of the kind, as on the picture. */
export function ZoneSwatch({ kind }: { kind: Zone['kind'] }) {
  return (
    <svg className={`zone-swatch zone zone-${kind}`} width="24" height="18" viewBox="0 0 24 18" aria-hidden="true">
      <rect className="zone-line" x="1.5" y="1.5" width="21" height="15" rx="2" fill={`url(#hatch-${kind})`} />
    </svg>
  );
}
