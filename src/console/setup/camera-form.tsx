/** Everything that a camera must have before it runs: where it is, and why it is there and who answers for it. */
import { useState, type FormEvent } from 'react';
import type { Draft } from '../api/draft.js';
import { usePlaces } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { SelectField, TextField } from '../shell/fields.js';
import { ProblemBox } from '../shell/notices.js';
import { useText } from '../text/i18n.js';
import { VillageMap } from '../village/village-map.js';
import { requestOf, type CameraDraft } from './camera-draft.js';

interface CameraFormProps {
  start: CameraDraft;
  editing?: boolean;
  busy: boolean;
  error: unknown;
  onSubmit: (draft: Draft) => void;
  onCancel?: () => void;
}

const noAlerts: ReadonlySet<string> = new Set();

export function CameraForm({ start, editing = false, busy, error, onSubmit, onCancel }: CameraFormProps) {
  const { t } = useText();
  const { sites, can } = useSession();
  const places = usePlaces().data ?? [];
  const [draft, setDraft] = useState(start);
  const [pickOnMap, setPickOnMap] = useState(false);
  const set = (field: keyof CameraDraft) => (value: string) => setDraft((d) => ({ ...d, [field]: value }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit(requestOf(draft));
  };
  const picked = draft.longitude !== '' && draft.latitude !== '' ? ([Number(draft.longitude), Number(draft.latitude)] as const) : null;
  return (
    <form className="form columns" onSubmit={submit} data-testid="camera-form">
      <h3 className="wide">{t('form.reach')}</h3>
      {!editing && (
        <SelectField label={t('summary.site')} value={draft.siteId} onChange={set('siteId')} required empty={t('field.choose')} options={sites.filter((s) => can('editCameras', s.id)).map((s) => ({ value: s.id, label: s.name }))} testId="camera-site" />
      )}
      <TextField label={t('field.name')} value={draft.name} onChange={set('name')} hint={t('field.name.hint')} required testId="camera-name" />
      <TextField label={t('field.address')} value={draft.address} onChange={set('address')} hint={t('field.address.hint')} placeholder="192.168.1.64" required testId="camera-address" />
      <TextField label={t('field.username')} value={draft.username} onChange={set('username')} testId="camera-username" />
      <TextField label={t('field.password')} value={draft.password} onChange={set('password')} hint={editing ? t('field.password.keep') : t('field.password.hint')} type="password" autoComplete="new-password" testId="camera-password" />
      <TextField label={t('field.sampleInterval')} value={draft.sampleIntervalMs} onChange={set('sampleIntervalMs')} hint={t('field.sampleInterval.hint')} type="number" min={200} max={600000} step={100} required />

      <h3 className="wide">{t('form.accountable')}</h3>
      <p className="hint wide">{t('form.accountable.hint')}</p>
      <TextField label={t('field.purpose')} value={draft.purpose} onChange={set('purpose')} hint={t('field.purpose.hint')} required long wide testId="camera-purpose" />
      <TextField label={t('field.owner')} value={draft.owner} onChange={set('owner')} hint={t('field.owner.hint')} required testId="camera-owner" />
      <TextField label={t('field.legalBasis')} value={draft.legalBasis} onChange={set('legalBasis')} hint={t('field.legalBasis.hint')} required testId="camera-legal" />
      <TextField label={t('field.reviewOn')} value={draft.reviewOn} onChange={set('reviewOn')} hint={t('field.reviewOn.hint')} type="date" required testId="camera-review" />

      <h3 className="wide">{t('form.pose')}</h3>
      <p className="hint wide">{t('form.pose.hint')}</p>
      <TextField label={t('field.longitude')} value={draft.longitude} onChange={set('longitude')} type="number" min={-180} max={180} step="any" />
      <TextField label={t('field.latitude')} value={draft.latitude} onChange={set('latitude')} type="number" min={-90} max={90} step="any" />
      <TextField label={t('field.azimuth')} value={draft.azimuthDeg} onChange={set('azimuthDeg')} hint={t('field.azimuth.hint')} type="number" min={0} max={360} step="any" />
      <TextField label={t('field.fov')} value={draft.horizontalFovDeg} onChange={set('horizontalFovDeg')} type="number" min={1} max={180} step="any" />
      <TextField label={t('field.height')} value={draft.mountHeightM} onChange={set('mountHeightM')} type="number" min={0} max={200} step="any" />
      <TextField label={t('field.tilt')} value={draft.tiltDeg} onChange={set('tiltDeg')} type="number" min={-90} max={90} step="any" />
      <div className="wide">
        <button type="button" className="small" aria-expanded={pickOnMap} onClick={() => setPickOnMap(!pickOnMap)}>
          {t('form.pick')}
        </button>
        {pickOnMap && (
          <div className="pick-map">
            <VillageMap
              sites={sites.filter((s) => s.id === draft.siteId)}
              places={places.filter((p) => p.siteId === draft.siteId)}
              cameras={[]}
              alerting={noAlerts}
              picked={picked}
              onPick={(longitude, latitude) => setDraft((d) => ({ ...d, longitude: longitude.toFixed(6), latitude: latitude.toFixed(6) }))}
            />
          </div>
        )}
      </div>
      <ProblemBox error={error} />
      <div className="actions end wide">
        {onCancel && (
          <button type="button" onClick={onCancel}>
            {t('action.cancel')}
          </button>
        )}
        <button type="submit" className="primary" disabled={busy} data-testid="camera-save">
          {editing ? t('action.save') : t('form.add')}
        </button>
      </div>
    </form>
  );
}
