/** Every key of the page, and what Hedgerow will not do. */
import { useText } from '../text/i18n.js';
import type { TextKey } from '../text/en.js';
import { Dialog } from './dialog.js';

const rows: readonly (readonly [keys: string, what: TextKey])[] = [
  ['j  k', 'help.move'],
  ['Enter', 'help.open'],
  ['a', 'help.acknowledge'],
  ['s', 'help.assign'],
  ['r', 'help.resolve'],
  ['g', 'help.village'],
  ['u', 'help.setup'],
  ['Esc', 'help.close'],
  ['?', 'help.help'],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  return (
    <Dialog title={t('help.title')} onClose={onClose} testId="help">
      <dl className="keys">
        {rows.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(/\s+/).map((k) => (
                <kbd key={k}>{k}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">{t('help.promise')}</p>
    </Dialog>
  );
}
