/** Places: what may be guarded, and what must be kept free of guard zones. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { PlaceKind } from '../../contract/site.js';
import { api } from '../api/endpoints.js';
import { keys, useCameras, usePlaces } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { Field, numberOrNull, SelectField, TextField } from '../shell/fields.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { formatDate } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { VillageMap } from '../village/village-map.js';
import { guardableList, mayBeGuarded, protectedList } from './place-kinds.js';

const noAlerts: ReadonlySet<string> = new Set();

export function Places() {
  const { t, language } = useText();
  const { sites, siteId, can } = useSession();
  const query = usePlaces();
  const places = (query.data ?? []).filter((p) => siteId === null || p.siteId === siteId);
  return (
    <>
      <ProblemBox error={query.error} />
      <ul className="rows panel">
        {places.map((place) => (
          <li key={place.id} data-testid="place-row">
            <Icon name="place" />
            <div className="grow">
              <b>{place.name}</b> <span className="muted">{t(`kind.${place.kind}`)}</span>
              {sites.length > 1 && siteId === null && <div className="muted">{sites.find((s) => s.id === place.siteId)?.name}</div>}
              {place.consent && <div className="muted">{t('places.consent-until', { reference: place.consent.reference, date: formatDate(place.consent.until, language) })}</div>}
            </div>
            <span className={`tag ${mayBeGuarded(place) ? '' : 'tag-off'}`}>{mayBeGuarded(place) ? t('places.guardable') : t('places.protected')}</span>
          </li>
        ))}
        {query.isSuccess && places.length === 0 && <li className="muted">{t('places.none')}</li>}
      </ul>
      {can('editZones') && <NewPlace />}
    </>
  );
}

function NewPlace() {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, siteId, can } = useSession();
  const queries = useQueryClient();
  const cameras = useCameras().data ?? [];
  const editable = sites.filter((s) => can('editZones', s.id));
  const [site, setSite] = useState('');
  const [kind, setKind] = useState<PlaceKind>('pump-station');
  const [name, setName] = useState('');
  const [longitude, setLongitude] = useState('');
  const [latitude, setLatitude] = useState('');
  const [reference, setReference] = useState('');
  const [until, setUntil] = useState('');
  const home = site || (siteId ?? editable[0]?.id ?? '');
  const create = useMutation({
    mutationFn: () => {
      const [lng, lat] = [numberOrNull(longitude), numberOrNull(latitude)];
      return api.createPlace({
        siteId: home, kind, name: name.trim(),
        position: lng === null || lat === null ? null : [lng, lat],
        consent: kind === 'dwelling' && reference.trim() !== '' ? { reference: reference.trim(), until } : null,
      });
    },
    onSuccess: (place) => {
      tell('ok', t('places.created', { name: place.name }));
      setName('');
      setLongitude('');
      setLatitude('');
      void queries.invalidateQueries({ queryKey: keys.places });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  const protectedKind = protectedList.includes(kind);
  return (
    <form className="form columns panel" onSubmit={submit} data-testid="place-form">
      <h2 className="wide">{t('places.new')}</h2>
      {editable.length > 1 && <SelectField label={t('summary.site')} value={home} onChange={setSite} required options={editable.map((s) => ({ value: s.id, label: s.name }))} />}
      <Field label={t('places.kind')} required hint={protectedKind ? t('places.kind.protected') : t('places.kind.hint')}>
        {(ids) => (
          <select {...ids} value={kind} onChange={(e) => setKind(e.target.value as PlaceKind)} data-testid="place-kind">
            <optgroup label={t('places.guardable')}>{guardableList.map((k) => <option key={k} value={k}>{t(`kind.${k}`)}</option>)}</optgroup>
            <optgroup label={t('places.protected')}>{protectedList.map((k) => <option key={k} value={k}>{t(`kind.${k}`)}</option>)}</optgroup>
          </select>
        )}
      </Field>
      <TextField label={t('field.name')} value={name} onChange={setName} required testId="place-name" />
      <TextField label={t('field.longitude')} value={longitude} onChange={setLongitude} type="number" min={-180} max={180} step="any" />
      <TextField label={t('field.latitude')} value={latitude} onChange={setLatitude} type="number" min={-90} max={90} step="any" />
      {kind === 'dwelling' && (
        <>
          <TextField label={t('places.consent')} value={reference} onChange={setReference} hint={t('places.consent.hint')} />
          <TextField label={t('places.until')} value={until} onChange={setUntil} type="date" required={reference.trim() !== ''} />
        </>
      )}
      <div className="wide pick-map">
        <VillageMap
          sites={sites.filter((s) => s.id === home)}
          places={queries.getQueryData<Parameters<typeof VillageMap>[0]['places']>(keys.places)?.filter((p) => p.siteId === home) ?? []}
          cameras={cameras.filter((c) => c.siteId === home)}
          alerting={noAlerts}
          picked={longitude !== '' && latitude !== '' ? [Number(longitude), Number(latitude)] : null}
          onPick={(lng, lat) => {
            setLongitude(lng.toFixed(6));
            setLatitude(lat.toFixed(6));
          }}
        />
      </div>
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button type="submit" className="primary" disabled={create.isPending} data-testid="place-save">
          {t('action.create')}
        </button>
      </div>
    </form>
  );
}
