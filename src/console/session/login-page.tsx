/** Name and password, and where a one-time link ends that no longer works. */
import { useState, type FormEvent } from 'react';
import { api, type Me } from '../api/endpoints.js';
import { TextField } from '../shell/fields.js';
import { Brand } from '../shell/icons.js';
import { LanguageSwitch } from '../shell/language-switch.js';
import { ProblemBox } from '../shell/notices.js';
import { useText } from '../text/i18n.js';

export function LoginPage({ onSignedIn, firstError }: { onSignedIn: (me: Me) => void; firstError: unknown }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(firstError);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await api.logIn(name.trim(), password);
      // The answer is asked for again: it proves that the browser kept the cookie.
      onSignedIn(await api.me());
    } catch (caught) {
      setError(caught);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <form className="panel" onSubmit={(event) => void submit(event)} data-testid="login">
        <div className="login-head">
          <Brand />
          <h1>Hedgerow</h1>
          <LanguageSwitch />
        </div>
        <p className="muted">{t('login.intro')}</p>
        <TextField label={t('login.name')} value={name} onChange={setName} autoComplete="username" required autoFocus testId="login-name" />
        <TextField label={t('login.password')} value={password} onChange={setPassword} type="password" autoComplete="current-password" required testId="login-password" />
        <ProblemBox error={error} />
        <button type="submit" className="primary" disabled={busy} data-testid="login-submit">
          {busy ? t('login.busy') : t('login.submit')}
        </button>
        <p className="hint">{t('login.link')}</p>
      </form>
    </main>
  );
}
