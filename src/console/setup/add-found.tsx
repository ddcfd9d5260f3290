/** Many found devices into the inventory at once: what they share is said once, the table's import does the rest. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { Discovered } from '../../contract/registry.js';
import { keys } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { Dialog } from '../shell/dialog.js';
import { SelectField, TextField } from '../shell/fields.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { goTo } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { emptyDraft } from './camera-draft.js';
import { foundCameras } from './found-device.js';
import { ImportProblems } from './import-report.js';

export function AddFound({ devices, onClose }: { devices: readonly Discovered[]; onClose: () => void }) {
  const { t } = useText();
  const { tell } = useNotices();
  const { siteId, sites, can } = useSession();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => emptyDraft(siteId ?? sites.find((s) => can('editCameras', s.id))?.id ?? '', Date.now()));
  const set = (field: keyof typeof draft) => (value: string) => setDraft((d) => ({ ...d, [field]: value }));
  const add = useMutation({
    mutationFn: () => {
      const body = JSON.stringify(foundCameras(devices, draft));
      return registerApi.importTable(new Blob([body]), 'application/json', { dryRun: false, skipBad: false, siteId: draft.siteId }, () => undefined);
    },
    onSuccess: (report) => {
      if (!report.applied) return;
      tell('ok', t('find.added', { count: report.created }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
      onClose();
      goTo({ page: 'setup', tab: 'onboard' });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Dialog title={t('find.add-all.title', { count: devices.length })} onClose={onClose} wide testId="add-found">
      <form className="form columns" onSubmit={submit}>
        <p className="hint wide">{t('find.add-all.hint')}</p>
        <SelectField label={t('summary.site')} value={draft.siteId} onChange={set('siteId')} required empty={t('field.choose')} options={sites.filter((s) => can('editCameras', s.id)).map((s) => ({ value: s.id, label: s.name }))} />
        <TextField label={t('field.username')} value={draft.username} onChange={set('username')} hint={t('find.add-all.credentials')} />
        <TextField label={t('field.password')} value={draft.password} onChange={set('password')} type="password" autoComplete="new-password" hint={t('field.password.hint')} />
        <TextField label={t('field.purpose')} value={draft.purpose} onChange={set('purpose')} hint={t('field.purpose.hint')} required long wide testId="found-purpose" />
        <TextField label={t('field.owner')} value={draft.owner} onChange={set('owner')} required testId="found-owner" />
        <TextField label={t('field.legalBasis')} value={draft.legalBasis} onChange={set('legalBasis')} required testId="found-legal" />
        <TextField label={t('field.reviewOn')} value={draft.reviewOn} onChange={set('reviewOn')} type="date" required />
        <ProblemBox error={add.error} />
        {add.data && !add.data.applied && <ImportProblems report={add.data} />}
        <div className="actions end wide">
          <button type="button" onClick={onClose}>
            {t('action.cancel')}
          </button>
          <button type="submit" className="primary" disabled={add.isPending} data-testid="found-save">
            {t('find.add-all', { count: devices.length })}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
