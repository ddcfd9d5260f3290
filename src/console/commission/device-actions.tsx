/** Replacing the device of a camera, and taking a camera out of service for good. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { Camera } from '../../contract/camera.js';
import { keys } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { Dialog } from '../shell/dialog.js';
import { TextField } from '../shell/fields.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { goTo } from '../shell/route.js';
import { formatDate } from '../text/format.js';
import { useText } from '../text/i18n.js';

export function DeviceActions({ camera }: { camera: Camera }) {
  const { t, language } = useText();
  const { can } = useSession();
  const [dialog, setDialog] = useState<'none' | 'replace' | 'decommission'>('none');
  const devices = useQuery({ queryKey: ['devices', camera.id], queryFn: ({ signal }) => registerApi.devices(camera.id, signal) }).data ?? [];
  return (
    <section className="panel" data-testid="device-panel">
      <h2>{t('devices.title')}</h2>
      <ul className="rows">
        {devices.map((device) => (
          <li key={device.id} data-testid="device-row">
            <div className="grow">
              <b>{[device.manufacturer, device.model].filter(Boolean).join(' ') || device.address}</b> <span className="muted num">{device.serialNumber ?? device.macAddress ?? ''}</span>
              <div className="muted">
                {device.until === null
                  ? t('devices.present', { from: formatDate(device.from.slice(0, 10), language) })
                  : t('devices.past', { from: formatDate(device.from.slice(0, 10), language), until: formatDate(device.until.slice(0, 10), language), reason: device.reason ?? '' })}
              </div>
            </div>
          </li>
        ))}
      </ul>
      {can('editCameras', camera.siteId) && (
        <div className="toolbar">
          <button type="button" onClick={() => setDialog('replace')} data-testid="replace">
            {t('replace.open')}
          </button>
          <button type="button" className="danger" onClick={() => setDialog('decommission')} data-testid="decommission">
            {t('decommission.open')}
          </button>
        </div>
      )}
      {dialog === 'replace' && <Replace camera={camera} onClose={() => setDialog('none')} />}
      {dialog === 'decommission' && <Decommission camera={camera} onClose={() => setDialog('none')} />}
    </section>
  );
}

function Replace({ camera, onClose }: { camera: Camera; onClose: () => void }) {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const [draft, setDraft] = useState({ address: camera.address, username: camera.username ?? '', password: '', reason: '' });
  const set = (field: keyof typeof draft) => (value: string) => setDraft((d) => ({ ...d, [field]: value }));
  const replace = useMutation({
    mutationFn: () =>
      registerApi.replace(camera.id, { address: draft.address.trim(), username: draft.username.trim() === '' ? null : draft.username.trim(), password: draft.password === '' ? null : draft.password, reason: draft.reason.trim() }),
    onSuccess: () => {
      tell('ok', t('replace.done'));
      void queries.invalidateQueries({ queryKey: keys.cameras });
      void queries.invalidateQueries({ queryKey: ['devices', camera.id] });
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    replace.mutate();
  };
  return (
    <Dialog title={t('replace.title', { camera: camera.name })} onClose={onClose} wide testId="replace-dialog">
      <form className="form columns" onSubmit={submit}>
        <p className="hint wide">{t('replace.hint')}</p>
        <TextField label={t('field.address')} value={draft.address} onChange={set('address')} required testId="replace-address" />
        <TextField label={t('field.username')} value={draft.username} onChange={set('username')} hint={t('find.add-all.credentials')} />
        <TextField label={t('field.password')} value={draft.password} onChange={set('password')} type="password" autoComplete="new-password" hint={t('field.password.hint')} testId="replace-password" />
        <TextField label={t('replace.reason')} value={draft.reason} onChange={set('reason')} required wide testId="replace-reason" />
        <ProblemBox error={replace.error} />
        <Buttons busy={replace.isPending} action={t('replace.action')} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function Decommission({ camera, onClose }: { camera: Camera; onClose: () => void }) {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const decommission = useMutation({
    mutationFn: () => registerApi.decommission(camera.id, reason.trim()),
    onSuccess: () => {
      tell('ok', t('decommission.done', { camera: camera.name }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
      goTo({ page: 'village', alertId: null });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    decommission.mutate();
  };
  return (
    <Dialog title={t('decommission.title', { camera: camera.name })} onClose={onClose} testId="decommission-dialog">
      <form className="form" onSubmit={submit}>
        <p className="hint">{t('decommission.hint')}</p>
        <TextField label={t('decommission.reason')} value={reason} onChange={setReason} required testId="decommission-reason" />
        <ProblemBox error={decommission.error} />
        <Buttons busy={decommission.isPending} action={t('decommission.action')} onClose={onClose} danger />
      </form>
    </Dialog>
  );
}

function Buttons({ busy, action, onClose, danger = false }: { busy: boolean; action: string; onClose: () => void; danger?: boolean }) {
  const { t } = useText();
  return (
    <div className="actions end wide">
      <button type="button" onClick={onClose}>
        {t('action.cancel')}
      </button>
      <button type="submit" className={danger ? 'danger' : 'primary'} disabled={busy} data-testid="dialog-submit">
        {action}
      </button>
    </div>
  );
}
