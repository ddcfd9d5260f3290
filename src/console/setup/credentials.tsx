/** Credential sets of a site, and the change of passwords over all its cameras. Passwords go in and never come out. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { CredentialSet } from '../../contract/credential-set.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { SelectField, TextField } from '../shell/fields.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';
import { Rotations } from './rotations.js';

const setsKey = ['credential-sets'];

export function Credentials() {
  const { t } = useText();
  const { sites, can } = useSession();
  const { tellError } = useNotices();
  const queries = useQueryClient();
  const query = useQuery({ queryKey: setsKey, queryFn: ({ signal }) => registerApi.credentialSets(signal) });
  const [removing, setRemoving] = useState<CredentialSet | null>(null);
  const reread = (): void => void queries.invalidateQueries({ queryKey: setsKey });
  const remove = useMutation({ mutationFn: (id: string) => registerApi.removeCredentialSet(id), onSuccess: reread, onError: tellError });
  const sets = [...(query.data ?? [])].sort((a, b) => a.siteId.localeCompare(b.siteId) || a.order - b.order);
  return (
    <>
      <section className="panel">
        <h2>{t('sets.title')}</h2>
        <p className="hint">{t('sets.hint')}</p>
        <ProblemBox error={query.error} />
        {query.isSuccess && sets.length === 0 && <p className="muted">{t('sets.none')}</p>}
        <ul className="rows">
          {sets.map((set) => (
            <li key={set.id} data-testid="set-row">
              <span className="tag num">{set.order}</span>
              <div className="grow">
                <b>{set.name}</b>
                <div className="muted">
                  {set.username} · •••••• · {sites.find((s) => s.id === set.siteId)?.name ?? '—'}
                </div>
              </div>
              {can('editCameras', set.siteId) && (
                <button type="button" className="small danger" onClick={() => setRemoving(set)} data-testid="set-remove">
                  <Icon name="trash" size={14} />
                  {t('action.remove')}
                </button>
              )}
            </li>
          ))}
        </ul>
      </section>
      <NewSet onMade={reread} />
      <Rotations />
      {removing && <Confirm title={t('sets.title')} text={t('sets.remove', { name: removing.name })} action={t('action.remove')} onConfirm={() => remove.mutate(removing.id)} onClose={() => setRemoving(null)} />}
    </>
  );
}

function NewSet({ onMade }: { onMade: () => void }) {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, siteId, can } = useSession();
  const mine = sites.filter((s) => can('editCameras', s.id));
  const [chosen, setSite] = useState<string | null>(null);
  const site = chosen ?? siteId ?? mine[0]?.id ?? '';
  const [name, setName] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [order, setOrder] = useState('100');
  const create = useMutation({
    mutationFn: () => registerApi.createCredentialSet({ siteId: site, name: name.trim(), username: username.trim(), password, order: Number(order) }),
    onSuccess: (set) => {
      tell('ok', t('sets.created', { name: set.name }));
      setName('');
      setPassword('');
      onMade();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="form columns panel" onSubmit={submit} data-testid="set-form">
      <h2 className="wide">{t('sets.new')}</h2>
      <SelectField label={t('summary.site')} value={site} onChange={setSite} required options={mine.map((s) => ({ value: s.id, label: s.name }))} />
      <TextField label={t('field.name')} value={name} onChange={setName} required testId="set-name" />
      <TextField label={t('field.username')} value={username} onChange={setUsername} required testId="set-username" />
      <TextField label={t('field.password')} value={password} onChange={setPassword} hint={t('field.password.hint')} type="password" autoComplete="new-password" required testId="set-password" />
      <TextField label={t('sets.order')} value={order} onChange={setOrder} type="number" min={0} max={1000} required />
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button type="submit" className="primary" disabled={create.isPending} data-testid="set-save">
          {t('action.create')}
        </button>
      </div>
    </form>
  );
}
