/** Kind, name and, for a guard zone, the place that it guards. */
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
import type { ZonePoint } from './zone-drawing.js';

interface ZoneFormProps {
  camera: Camera;
  points: readonly ZonePoint[];
  onDone: () => void;
  onBack: () => void;
}

const zoneKinds: readonly Zone['kind'][] = ['guard', 'privacy', 'ignore'];

export function ZoneForm({ camera, points, onDone, onBack }: ZoneFormProps) {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const places = (usePlaces().data ?? []).filter((p) => p.siteId === camera.siteId);
  const [kind, setKind] = useState<Zone['kind']>('guard');
  const [name, setName] = useState('');
  const [placeId, setPlaceId] = useState('');
  const create = useMutation({
    mutationFn: () => api.createZone({ cameraId: camera.id, kind, name: name.trim(), polygon: points, placeId: kind === 'guard' && placeId !== '' ? placeId : null }),
    onSuccess: () => {
      tell('ok', t('zone.created', { name: name.trim() }));
      void queries.invalidateQueries({ queryKey: keys.zones });
      onDone();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="form columns" onSubmit={submit} data-testid="zone-form">
      <SelectField label={t('zone.kind')} value={kind} onChange={setKind} options={zoneKinds.map((k) => ({ value: k, label: t(`zone.kind.${k}`) }))} hint={t(`zone.kind.${kind}.hint`)} testId="zone-kind" />
      <TextField label={t('field.name')} value={name} onChange={setName} required autoFocus testId="zone-name" />
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
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button type="button" onClick={onBack}>
          {t('zone.change-shape')}
        </button>
        <button type="button" onClick={onDone}>
          {t('action.cancel')}
        </button>
        <button type="submit" className="primary" disabled={create.isPending} data-testid="zone-save">
          {t('action.save')}
        </button>
      </div>
    </form>
  );
}
