/** The other language, written in itself. */
import { useText } from '../text/i18n.js';
import { Icon } from './icons.js';

export function LanguageSwitch() {
  const { language, setLanguage } = useText();
  const other = language === 'en' ? 'zh-CN' : 'en';
  return (
    <button type="button" className="bare" lang={other} data-testid="language" onClick={() => setLanguage(other)}>
      <Icon name="language" />
      {other === 'en' ? 'English' : '中文'}
    </button>
  );
}
