/** Kind, name and, for a guard zone, the place that it guards; for a new zone or one that is changed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { Camera } from '../../contract/camera.js';
import type { Zone } from '../../contract/zone.js';
import { api } from '../api/endpoints.js';
import { keys, usePlaces } from '../api/queries.js';
import { SelectField, TextField } from '../shell/fields.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { mayBeGuarded } from '../setup/place-kinds.js';
import { useText } from '../text/i18n.js';
import type { DrawingFault, ZonePoint } from './zone-drawing.js';

interface ZoneFormProps {
  camera: Camera;
  /** null: a new one */
  zone: Zone | null;
  points: readonly ZonePoint[];
  fault: DrawingFault | null;
  kind: Zone['kind'];
  onKind: (kind: Zone['kind']) => void;
  /** there is a masked picture below; without one privacy zones alone can be saved */
  onPicture: boolean;
  onDone: () => void;
}

const zoneKinds: readonly Zone['kind'][] = ['guard', 'privacy', 'ignore'];

export function ZoneForm({ camera, zone, points, fault, kind, onKind, onPicture, onDone }: ZoneFormProps) {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const places = (usePlaces().data ?? []).filter((p) => p.siteId === camera.siteId);
  const [name, setName] = useState(zone?.name ?? '');
  const [placeId, setPlaceId] = useState(zone?.placeId ?? '');
  const guarded = kind === 'guard' && placeId !== '' ? placeId : null;
  const blind = !onPicture && kind !== 'privacy';
  const patch = zone && { ...(name.trim() !== zone.name && { name: name.trim() }), ...(JSON.stringify(points) !== JSON.stringify(zone.polygon) && { polygon: points }), ...(kind === 'guard' && guarded !== zone.placeId && { placeId: guarded }) };
  const save = useMutation({
    mutationFn: () => (zone && patch ? api.updateZone(zone.id, patch) : api.createZone({ cameraId: camera.id, kind, name: name.trim(), polygon: points, placeId: guarded })),
    onSuccess: () => {
      tell('ok', t('zone.created', { name: name.trim() }));
      void queries.invalidateQueries({ queryKey: keys.zones });
      onDone();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="form columns" onSubmit={submit} data-testid="zone-form">
      {zone === null && <SelectField label={t('zone.kind')} value={kind} onChange={onKind} options={zoneKinds.map((k) => ({ value: k, label: t(`zone.kind.${k}`), disabled: !onPicture && k !== 'privacy' }))} hint={t(`zone.kind.${kind}.hint`)} testId="zone-kind" />}
      <TextField label={t('field.name')} value={name} onChange={setName} required autoFocus={zone === null} testId="zone-name" />
      {kind === 'guard' && (
        <SelectField
          label={t('zone.place')}
          value={placeId}
          onChange={setPlaceId}
          required
          empty={t('field.choose')}
          hint={places.some(mayBeGuarded) ? t('zone.place.hint') : undefined}
          options={places.map((p) => ({ value: p.id, label: `${p.name} · ${t(`kind.${p.kind}`)}`, disabled: !mayBeGuarded(p) }))}
          testId="zone-place"
        />
      )}
      {kind === 'guard' && !places.some(mayBeGuarded) && (
        <p className="note">
          {t('zone.place.none')} <a href={hrefOf({ page: 'setup', tab: 'places' })}>{t('setup.places')}</a>
        </p>
      )}
      {blind && <p className="note">{t('zone.needs-picture')}</p>}
      <ProblemBox error={save.error} />
      <div className="actions end wide">
        <button type="button" onClick={onDone} data-testid="zone-cancel">
          {t('action.cancel')}
        </button>
        <button type="submit" className="primary" disabled={save.isPending || fault !== null || blind || (patch !== null && Object.keys(patch).length === 0)} data-testid="zone-save">
          {t('action.save')}
        </button>
      </div>
    </form>
  );
}
