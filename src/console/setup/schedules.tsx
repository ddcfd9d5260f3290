/** When zones are armed: a week in the site's time zone, with a reason and a review date. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../api/endpoints.js';
import { keys, useSchedules } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { SelectField, TextField } from '../shell/fields.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { formatDate } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { WeekEditor } from './week-editor.js';
import { armedMinutes, emptyWeek, everyDay, fullDay, isAlways, type Week } from './weekly.js';

export function Schedules() {
  const { t, language } = useText();
  const { siteId, zoneOf, can } = useSession();
  const query = useSchedules();
  const schedules = (query.data ?? []).filter((s) => siteId === null || s.siteId === siteId);
  return (
    <>
      <ProblemBox error={query.error} />
      {query.isSuccess && schedules.length === 0 && <p className="panel muted">{t('schedules.none')}</p>}
      {schedules.map((schedule) => (
        <details className="panel schedule" key={schedule.id} data-testid="schedule-row">
          <summary>
            <b>{schedule.name}</b> <span className="muted">{t('schedules.hours', { n: Math.round(armedMinutes(schedule.weekly) / 6) / 10 })} · {zoneOf(schedule.siteId)}</span>
          </summary>
          <WeekEditor week={schedule.weekly} />
          {schedule.reason !== '' && <p>{schedule.reason}</p>}
          {schedule.reviewOn !== null && <p className="muted">{t('schedules.review', { date: formatDate(schedule.reviewOn, language) })}</p>}
        </details>
      ))}
      {can('editRules') && <NewSchedule />}
    </>
  );
}

function NewSchedule() {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, siteId, can, zoneOf } = useSession();
  const queries = useQueryClient();
  const editable = sites.filter((s) => can('editRules', s.id));
  const [site, setSite] = useState('');
  const [name, setName] = useState('');
  const [week, setWeek] = useState<Week>(() => everyDay(22 * 60, 6 * 60));
  const [reason, setReason] = useState('');
  const [reviewOn, setReviewOn] = useState('');
  const home = site || (siteId ?? editable[0]?.id ?? '');
  const always = isAlways(week);
  const create = useMutation({
    mutationFn: () => api.createSchedule({ siteId: home, name: name.trim(), weekly: week, reason: reason.trim(), reviewOn: reviewOn === '' ? null : reviewOn }),
    onSuccess: (schedule) => {
      tell('ok', t('schedules.created', { name: schedule.name }));
      setName('');
      void queries.invalidateQueries({ queryKey: keys.schedules });
    },
  });
  const presets: readonly (readonly [label: string, week: Week])[] = [
    [t('week.nights'), everyDay(22 * 60, 6 * 60)],
    [t('week.worknights'), everyDay(18 * 60, 7 * 60, [0, 1, 2, 3, 4])],
    [t('week.weekend'), emptyWeek.map((_, day) => (day > 4 ? [fullDay] : []))],
    [t('week.always'), emptyWeek.map(() => [fullDay])],
    [t('week.clear'), emptyWeek],
  ];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="form columns panel" onSubmit={submit} data-testid="schedule-form">
      <h2 className="wide">{t('schedules.new')}</h2>
      {editable.length > 1 && <SelectField label={t('summary.site')} value={home} onChange={setSite} required options={editable.map((s) => ({ value: s.id, label: s.name }))} />}
      <TextField label={t('field.name')} value={name} onChange={setName} required testId="schedule-name" />
      <div className="wide">
        <div className="presets" role="group" aria-label={t('week.presets')}>
          {presets.map(([label, preset]) => (
            <button key={label} type="button" className="chip" onClick={() => setWeek(preset)}>
              {label}
            </button>
          ))}
        </div>
        <WeekEditor week={week} onChange={setWeek} />
        <p className="hint">{t('week.hint', { zone: zoneOf(home) })}</p>
      </div>
      {always && <p className="note wide">{t('week.always.note')}</p>}
      <TextField label={t('schedules.reason')} value={reason} onChange={setReason} required={always} />
      <TextField label={t('field.reviewOn')} value={reviewOn} onChange={setReviewOn} type="date" required={always} />
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button type="submit" className="primary" disabled={create.isPending || armedMinutes(week) === 0} data-testid="schedule-save">
          {t('action.create')}
        </button>
      </div>
    </form>
  );
}
