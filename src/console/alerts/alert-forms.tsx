/** The two steps that ask for something: whom an alert goes to, and why it is closed. */
import { useState, type FormEvent } from 'react';
import type { Alert } from '../../contract/alert.js';
import { useSession } from '../session/session-context.js';
import { SelectField, TextField } from '../shell/fields.js';
import { useText } from '../text/i18n.js';
import type { AlertActions, ResolveReason } from './use-alert-actions.js';

const reasons: readonly ResolveReason[] = ['handled', 'false-alarm', 'expected', 'test', 'duplicate', 'equipment'];

interface FormProps {
  alert: Alert;
  actions: AlertActions;
  onDone: () => void;
}

export function ResolveForm({ alert, actions, onDone }: FormProps) {
  const { t } = useText();
  const [reason, setReason] = useState<ResolveReason>('handled');
  const [note, setNote] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void actions.resolve(alert, reason, note).then(onDone);
  };
  return (
    <form className="form" onSubmit={submit} data-testid="resolve-form">
      <SelectField label={t('alert.reason')} value={reason} onChange={setReason} options={reasons.map((r) => ({ value: r, label: t(`reason.${r}`) }))} required testId="resolve-reason" />
      <TextField label={t('alert.note')} hint={t('alert.note.hint')} value={note} onChange={setNote} long testId="note" />
      <div className="actions end">
        <button type="submit" className="primary" disabled={actions.busy.has(alert.id)} data-testid="resolve-submit">
          {t('alert.resolve')}
        </button>
      </div>
    </form>
  );
}

export function AssignForm({ alert, actions, onDone }: FormProps) {
  const { t } = useText();
  const { me } = useSession();
  const [assignee, setAssignee] = useState(alert.assignee ?? me.name);
  const [note, setNote] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void actions.assign(alert, assignee.trim(), note).then(onDone);
  };
  return (
    <form className="form" onSubmit={submit} data-testid="assign-form">
      <TextField label={t('alert.assignee')} hint={t('alert.assignee.hint')} value={assignee} onChange={setAssignee} required testId="assignee" />
      <TextField label={t('alert.note')} value={note} onChange={setNote} long testId="note" />
      <div className="actions end">
        {assignee !== me.name && (
          <button type="button" onClick={() => setAssignee(me.name)}>
            {t('alert.to-me')}
          </button>
        )}
        <button type="submit" className="primary" disabled={actions.busy.has(alert.id)} data-testid="assign-submit">
          {t('alert.assign')}
        </button>
      </div>
    </form>
  );
}
