/** Both languages are in the bundle; the choice is kept in the browser. Text keys are checked by the compiler. */
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import { recall, remember } from '../shell/browser-store.js';
import { en } from './en.js';
import type { Language } from './format.js';
import type { Translate } from './translate.js';
import { zhCN } from './zh-cn.js';

function firstLanguage(): Language {
  const kept = recall('language');
  if (kept === 'en' || kept === 'zh-CN') return kept;
  return navigator.languages.find((l) => /^(en|zh)\b/i.test(l))?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

/** Once, before the first render. */
export function startText(): void {
  void i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
    lng: firstLanguage(),
    fallbackLng: 'en',
    supportedLngs: ['en', 'zh-CN'],
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  document.documentElement.lang = i18next.language;
}

export function useText(): { t: Translate; language: Language; setLanguage: (language: Language) => void } {
  const { t, i18n } = useTranslation();
  return {
    t: (key, values) => t(key, values ?? {}),
    language: i18n.language === 'zh-CN' ? 'zh-CN' : 'en',
    setLanguage: (language) => {
      remember('language', language);
      document.documentElement.lang = language;
      void i18n.changeLanguage(language);
    },
  };
}
