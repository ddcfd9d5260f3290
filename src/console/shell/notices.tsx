/** Short notices at the edge of the page: what was done, or what the API said instead. */
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import { Problem } from '../api/problem.js';
import { useText } from '../text/i18n.js';
import { Icon } from './icons.js';

interface Notice {
  readonly id: number;
  readonly tone: 'ok' | 'bad' | 'info';
  readonly text: string;
  readonly detail: string;
}

interface Notices {
  readonly tell: (tone: Notice['tone'], text: string, detail?: string) => void;
  /** the title and detail of a problem, or what an error says of itself */
  readonly tellError: (error: unknown) => void;
}

const NoticeContext = createContext<Notices | null>(null);

export function useNotices(): Notices {
  const notices = useContext(NoticeContext);
  if (!notices) throw new Error('outside of NoticeProvider');
  return notices;
}

export function NoticeProvider({ children }: { children: ReactNode }) {
  const { t } = useText();
  const [list, setList] = useState<readonly Notice[]>([]);
  const drop = useCallback((id: number) => setList((l) => l.filter((n) => n.id !== id)), []);
  const notices = useMemo<Notices>(() => {
    const tell: Notices['tell'] = (tone, text, detail = '') => {
      const id = Math.random();
      setList((l) => [...l.slice(-3), { id, tone, text, detail }]);
      setTimeout(() => drop(id), tone === 'bad' ? 12_000 : 5_000);
    };
    return {
      tell,
      tellError: (error) => {
        if (error instanceof Problem && error.code === 'network') tell('bad', t('error.network'));
        else if (error instanceof Problem) tell('bad', error.title, error.detail);
        else tell('bad', error instanceof Error ? error.message : String(error));
      },
    };
  }, [drop, t]);
  return (
    <NoticeContext value={notices}>
      {children}
      <div className="notices" role="status" aria-live="polite">
        {list.map((n) => (
          <div key={n.id} className={`notice ${n.tone}`} data-testid="notice">
            <Icon name={n.tone === 'ok' ? 'check' : n.tone === 'bad' ? 'warn' : 'help'} />
            <div>
              <strong>{n.text}</strong>
              {n.detail !== '' && <p>{n.detail}</p>}
            </div>
            <button type="button" className="bare" aria-label={t('action.close')} onClick={() => drop(n.id)}>
              <Icon name="cross" />
            </button>
          </div>
        ))}
      </div>
    </NoticeContext>
  );
}

/** A problem in its place: where the list or form is that could not be had. */
export function ProblemBox({ error }: { error: unknown }) {
  const { t } = useText();
  if (error === null || error === undefined) return null;
  const network = error instanceof Problem && error.code === 'network';
  const title = network ? t('error.network') : error instanceof Problem ? error.title : error instanceof Error ? error.message : t('error.unknown');
  return (
    <div className="problem" role="alert" data-testid="problem">
      <Icon name="warn" />
      <div>
        <strong>{title}</strong>
        {error instanceof Problem && !network && error.detail !== '' && error.detail !== title && <p>{error.detail}</p>}
        {error instanceof Problem && !network && <code>{error.code}</code>}
      </div>
    </div>
  );
}
