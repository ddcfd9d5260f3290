/** Webhook channels: where alerts go, signed with a secret that is shown to nobody afterwards. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { Channel } from '../../contract/alert.js';
import { api } from '../api/endpoints.js';
import { keys, useChannels } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { SelectField, TextField } from '../shell/fields.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';

/** 32 random bytes as hex: what a signature key should be. */
function newSecret(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

export function Channels() {
  const { t } = useText();
  const { sites, can } = useSession();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const query = useChannels(true);
  const [removing, setRemoving] = useState<Channel | null>(null);
  const remove = useMutation({
    mutationFn: (channel: Channel) => api.removeChannel(channel.id),
    onSuccess: () => {
      tell('ok', t('channels.removed'));
      void queries.invalidateQueries({ queryKey: keys.channels });
    },
    onError: tellError,
  });
  return (
    <>
      <ProblemBox error={query.error} />
      <ul className="rows panel">
        {(query.data ?? []).map((channel) => (
          <li key={channel.id} data-testid="channel-row">
            <Icon name="link" />
            <div className="grow">
              <b>{channel.name}</b> <span className="muted">{channel.siteId === null ? t('nav.all-sites') : sites.find((s) => s.id === channel.siteId)?.name}</span>
              <div className="muted hash">{channel.url}</div>
            </div>
            <span className={`tag ${channel.enabled ? '' : 'tag-off'}`}>{channel.enabled ? t('channels.enabled') : t('channels.disabled')}</span>
            {can('editChannels', channel.siteId) && (
              <button type="button" className="bare" onClick={() => setRemoving(channel)} aria-label={t('channels.remove', { name: channel.name })}>
                <Icon name="trash" />
              </button>
            )}
          </li>
        ))}
        {query.data?.length === 0 && <li className="muted">{t('channels.none')}</li>}
      </ul>
      {can('editChannels') && <NewChannel />}
      {removing && <Confirm title={t('channels.remove', { name: removing.name })} text={t('channels.remove.question')} action={t('action.remove')} onConfirm={() => remove.mutate(removing)} onClose={() => setRemoving(null)} />}
    </>
  );
}

function NewChannel() {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, canEverywhere, can } = useSession();
  const queries = useQueryClient();
  const editable = sites.filter((s) => can('editChannels', s.id));
  const everywhere = canEverywhere('editChannels');
  const [site, setSite] = useState('');
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [secret, setSecret] = useState('');
  const [shown, setShown] = useState(false);
  const siteId = site !== '' ? site : everywhere ? null : (editable[0]?.id ?? null);
  const create = useMutation({
    mutationFn: () => api.createChannel({ kind: 'webhook', siteId, name: name.trim(), url: url.trim(), secret }),
    onSuccess: (channel) => {
      tell('ok', t('channels.created', { name: channel.name }));
      setName('');
      setUrl('');
      setSecret('');
      setShown(false);
      void queries.invalidateQueries({ queryKey: keys.channels });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="form columns panel" onSubmit={submit} data-testid="channel-form">
      <h2 className="wide">{t('channels.new')}</h2>
      <TextField label={t('field.name')} value={name} onChange={setName} required testId="channel-name" />
      <SelectField label={t('summary.site')} value={site} onChange={setSite} {...(everywhere && { empty: t('nav.all-sites') })} options={editable.map((s) => ({ value: s.id, label: s.name }))} />
      <TextField label={t('channels.url')} value={url} onChange={setUrl} hint={t('channels.url.hint')} type="url" placeholder="https://desk.example/hooks/hedgerow" required wide testId="channel-url" />
      <TextField label={t('channels.secret')} value={secret} onChange={setSecret} hint={t('channels.secret.hint')} type={shown ? 'text' : 'password'} minLength={16} autoComplete="new-password" required wide testId="channel-secret" />
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button
          type="button"
          onClick={() => {
            setSecret(newSecret());
            setShown(true);
          }}
        >
          {t('channels.generate')}
        </button>
        <button type="submit" className="primary" disabled={create.isPending} data-testid="channel-save">
          {t('action.create')}
        </button>
      </div>
    </form>
  );
}
