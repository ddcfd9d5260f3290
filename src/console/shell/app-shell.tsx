/** The bar at the top, the line's state, the title with what is unread, the sound, and the list of keys. */
import { useEffect, useState, type ReactNode } from 'react';
import { isUnread } from '../alerts/alert-list.js';
import { chime, setSound, soundIsOn } from '../alerts/sound.js';
import { useAlertPages } from '../api/queries.js';
import { useLive } from '../live/live-context.js';
import { useSession } from '../session/session-context.js';
import { formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { HelpDialog } from './help-dialog.js';
import { Brand, Icon } from './icons.js';
import { LanguageSwitch } from './language-switch.js';
import { goTo, hrefOf, useRoute } from './route.js';
import { useKeys } from './use-keys.js';

export function AppShell({ children }: { children: ReactNode }) {
  const { t } = useText();
  const { me, sites, siteId, chooseSite, can, signOut } = useSession();
  const { onRaised } = useLive();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const [sound, setSoundState] = useState(soundIsOn);
  const unread = (useAlertPages().data?.pages ?? []).flatMap((p) => p.items).filter((a) => isUnread(a) && (siteId === null || a.siteId === siteId)).length;

  useEffect(() => {
    const where = sites.find((s) => s.id === siteId)?.name;
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${where ? `${where} · ` : ''}Hedgerow`;
  }, [unread, sites, siteId]);
  useEffect(() => (sound ? onRaised(chime) : undefined), [sound, onRaised]);
  useKeys({
    '?': () => setHelp(true),
    g: () => goTo({ page: 'village', alertId: null }),
    u: () => can('seeSetup') && goTo({ page: 'setup', tab: 'cameras' }),
  });

  const flipSound = (): void => {
    setSound(!sound);
    setSoundState(!sound);
    if (!sound) chime();
  };

  return (
    <div className="app">
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById('main')?.querySelector<HTMLElement>('a, button, input')?.focus(); }}>
        {t('app.skip')}
      </a>
      <header className="bar">
        <a className="brand" href={hrefOf({ page: 'village', alertId: null })} aria-label={t('nav.village')}>
          <Brand />
          <span>Hedgerow</span>
        </a>
        {sites.length > 1 && (
          <select className="site-choice" value={siteId ?? ''} onChange={(e) => chooseSite(e.target.value === '' ? null : e.target.value)} aria-label={t('nav.site')} data-testid="site-choice">
            <option value="">{t('nav.all-sites')}</option>
            {sites.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        )}
        {sites.length === 1 && <span className="site-name">{sites[0]?.name}</span>}
        <nav className="bar-nav" aria-label={t('nav.main')}>
          <a href={hrefOf({ page: 'village', alertId: null })} aria-current={route.page === 'village' ? 'page' : undefined}>
            <Icon name="grid" />
            <span>{t('nav.village')}</span>
            {unread > 0 && <span className="count" data-testid="unread">{unread}</span>}
          </a>
          <a href={hrefOf({ page: 'map' })} aria-current={route.page === 'map' ? 'page' : undefined} data-testid="nav-map">
            <Icon name="map" />
            <span>{t('nav.map')}</span>
          </a>
          {can('seeSetup') && (
            <a href={hrefOf({ page: 'setup', tab: 'cameras' })} aria-current={route.page === 'setup' ? 'page' : undefined} data-testid="nav-setup">
              <Icon name="gear" />
              <span>{t('nav.setup')}</span>
            </a>
          )}
        </nav>
        <div className="bar-end">
          <LineState />
          <button type="button" className="bare" aria-pressed={sound} onClick={flipSound} aria-label={t('nav.sound')} title={sound ? t('nav.sound.on') : t('nav.sound.off')} data-testid="sound">
            <Icon name={sound ? 'bell' : 'bellOff'} />
          </button>
          <button type="button" className="bare wide-only" onClick={() => setHelp(true)} aria-label={t('help.title')} title={`${t('help.title')} (?)`}>
            <Icon name="help" />
          </button>
          <LanguageSwitch />
          <span className="who wide-only" title={me.grants.map((g) => t(`role.${g.role}`)).join(', ')}>
            <Icon name="user" />
            {me.name}
          </span>
          <button type="button" className="bare" onClick={signOut} data-testid="sign-out">
            {t('nav.sign-out')}
          </button>
        </div>
      </header>
      <LineBanner />
      {children}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </div>
  );
}

function LineState() {
  const { t } = useText();
  const { state } = useLive();
  const word = { connecting: 'line.connecting', open: 'line.open', lost: 'line.lost', refused: 'line.refused' } as const;
  return (
    <span className={`line line-${state.status}`} data-testid="line" data-state={state.status}>
      <i aria-hidden="true" />
      <span>{t(word[state.status])}</span>
    </span>
  );
}

/** While the line is lost: since when. After it: that, and from when on, everything is here again. */
function LineBanner() {
  const { t, language } = useText();
  const { state, gap, dismissGap } = useLive();
  const { sites, siteId } = useSession();
  const zone = (sites.find((s) => s.id === siteId) ?? sites[0])?.timeZone ?? 'UTC';
  const moment = (ms: number): string => formatMoment(new Date(ms).toISOString(), zone, language, Date.now());
  if (state.status === 'lost') {
    return (
      <div className="banner banner-bad" role="status" data-testid="banner-lost">
        <Icon name="warn" />
        {t('line.banner.lost', { since: moment(state.sinceMs) })}
      </div>
    );
  }
  if (state.status === 'refused') {
    return (
      <div className="banner banner-bad" role="status">
        <Icon name="warn" />
        {t('line.banner.refused')}
      </div>
    );
  }
  if (gap === null) return null;
  return (
    <div className="banner banner-ok" role="status" data-testid={gap.caughtUp ? 'banner-caught-up' : 'banner-catching-up'}>
      <Icon name={gap.caughtUp ? 'check' : 'refresh'} />
      {gap.caughtUp ? t('line.banner.caught-up', { from: moment(gap.fromMs), to: moment(gap.toMs), count: gap.events }) : t('line.banner.catching-up', { from: moment(gap.fromMs) })}
      <button type="button" className="bare" onClick={dismissGap} aria-label={t('action.close')}>
        <Icon name="cross" />
      </button>
    </div>
  );
}
