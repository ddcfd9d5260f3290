/** The form of a rule. It ends on a day that is written down. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { DetectionClass } from '../../contract/detection.js';
import { api } from '../api/endpoints.js';
import { keys, useCameras, useSchedules, useZones } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { SelectField, TextField } from '../shell/fields.js';
import { classIcon, Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';

const classes: readonly DetectionClass[] = ['person', 'vehicle', 'animal', 'change'];

export function NewRule() {
  const { t } = useText();
  const { tell } = useNotices();
  const { can, siteId } = useSession();
  const queries = useQueryClient();
  const cameras = useCameras().data ?? [];
  const zones = (useZones().data ?? []).filter((z) => z.kind === 'guard' && can('editRules', z.siteId) && (siteId === null || z.siteId === siteId));
  const [zoneId, setZoneId] = useState('');
  const zone = zones.find((z) => z.id === zoneId);
  const schedules = (useSchedules().data ?? []).filter((s) => s.siteId === zone?.siteId);
  const [scheduleId, setScheduleId] = useState('');
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const [endsOn, setEndsOn] = useState(() => new Date(Date.now() + 180 * 86_400_000).toISOString().slice(0, 10));
  const [chosen, setChosen] = useState<readonly DetectionClass[]>(['person', 'vehicle']);
  const [dwell, setDwell] = useState('0');
  const [quiet, setQuiet] = useState('30');
  const create = useMutation({
    mutationFn: () =>
      api.createRule({ siteId: zone?.siteId, name: name.trim(), zoneId, scheduleId, classes: chosen, reason: reason.trim(), endsOn, dwellMs: Math.round(Number(dwell) * 1000), quietMs: Math.round(Number(quiet) * 1000) }),
    onSuccess: (rule) => {
      tell('ok', t('rules.created', { name: rule.name }));
      setName('');
      void queries.invalidateQueries({ queryKey: keys.rules });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="form columns panel" onSubmit={submit} data-testid="rule-form">
      <h2 className="wide">{t('rules.new')}</h2>
      {zones.length === 0 && <p className="note wide">{t('rules.no-zones')}</p>}
      <SelectField
        label={t('rules.zone')}
        value={zoneId}
        onChange={setZoneId}
        required
        empty={t('field.choose')}
        options={zones.map((z) => ({ value: z.id, label: `${z.name} · ${cameras.find((c) => c.id === z.cameraId)?.name ?? ''}` }))}
        testId="rule-zone"
      />
      <SelectField label={t('rules.schedule')} value={scheduleId} onChange={setScheduleId} required empty={t('field.choose')} options={schedules.map((s) => ({ value: s.id, label: s.name }))} testId="rule-schedule" />
      {zone && schedules.length === 0 && (
        <p className="note wide">
          {t('rules.no-schedules')} <a href={hrefOf({ page: 'setup', tab: 'schedules' })}>{t('setup.schedules')}</a>
        </p>
      )}
      <TextField label={t('field.name')} value={name} onChange={setName} required testId="rule-name" />
      <TextField label={t('rules.endsOn')} value={endsOn} onChange={setEndsOn} hint={t('rules.endsOn.hint')} type="date" required />
      <TextField label={t('rules.reason')} value={reason} onChange={setReason} hint={t('rules.reason.hint')} required minLength={3} wide testId="rule-reason" />
      <fieldset className="wide">
        <legend>{t('rules.classes')}</legend>
        {classes.map((c) => (
          <label key={c} className="pick">
            <input type="checkbox" checked={chosen.includes(c)} onChange={(e) => setChosen(e.target.checked ? classes.filter((k) => k === c || chosen.includes(k)) : chosen.filter((k) => k !== c))} />
            <Icon name={classIcon[c]} />
            {t(`class.${c}`)}
          </label>
        ))}
      </fieldset>
      <TextField label={t('rules.dwell-field')} value={dwell} onChange={setDwell} hint={t('rules.dwell.hint')} type="number" min={0} max={3600} step="any" required />
      <TextField label={t('rules.quiet-field')} value={quiet} onChange={setQuiet} hint={t('rules.quiet.hint')} type="number" min={1} max={3600} step="any" required />
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button type="submit" className="primary" disabled={create.isPending || chosen.length === 0} data-testid="rule-save">
          {t('action.create')}
        </button>
      </div>
    </form>
  );
}
