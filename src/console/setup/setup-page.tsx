/** Set-up: one tab a noun. What a role may not change it may still read. */
import { useSession } from '../session/session-context.js';
import { Icon, type IconName } from '../shell/icons.js';
import { hrefOf, type SetupTab } from '../shell/route.js';
import type { Action } from '../session/permissions.js';
import { useText } from '../text/i18n.js';
import { AddCamera } from './add-camera.js';
import { Channels } from './channels.js';
import { Credentials } from './credentials.js';
import { Deliveries } from './deliveries.js';
import { FindCameras } from './find-cameras.js';
import { Onboard } from './onboard.js';
import { Places } from './places.js';
import { Rules } from './rules.js';
import { Schedules } from './schedules.js';
import { Sites } from './sites.js';
import { TableImport } from './table-import.js';

const tabs: readonly { tab: SetupTab; icon: IconName; needs: Action }[] = [
  { tab: 'find', icon: 'search', needs: 'editCameras' },
  { tab: 'cameras', icon: 'camera', needs: 'editCameras' },
  { tab: 'import', icon: 'upload', needs: 'editCameras' },
  { tab: 'onboard', icon: 'check', needs: 'editCameras' },
  { tab: 'credentials', icon: 'authenticated', needs: 'editCameras' },
  { tab: 'sites', icon: 'map', needs: 'seeSetup' },
  { tab: 'places', icon: 'place', needs: 'seeSetup' },
  { tab: 'schedules', icon: 'clock', needs: 'seeSetup' },
  { tab: 'rules', icon: 'bell', needs: 'seeSetup' },
  { tab: 'channels', icon: 'link', needs: 'seeChannels' },
  { tab: 'deliveries', icon: 'send', needs: 'seeDeliveries' },
];

export function SetupPage({ tab }: { tab: SetupTab }) {
  const { t } = useText();
  const { can } = useSession();
  const open = tabs.filter((entry) => can(entry.needs));
  const shown = open.find((entry) => entry.tab === tab)?.tab ?? open[0]?.tab;
  return (
    <main className="page setup" id="main" data-testid="setup-page">
      <nav className="setup-tabs" aria-label={t('nav.setup')}>
        {open.map((entry) => (
          <a key={entry.tab} href={hrefOf({ page: 'setup', tab: entry.tab })} aria-current={shown === entry.tab ? 'page' : undefined} data-testid={`tab-${entry.tab}`}>
            <Icon name={entry.icon} />
            {t(`setup.${entry.tab}`)}
          </a>
        ))}
      </nav>
      <div className="setup-body">
        {shown === undefined ? (
          <p className="empty">{t('setup.nothing')}</p>
        ) : (
          <>
            <h1>{t(`setup.${shown}`)}</h1>
            <p className="muted setup-intro">{t(`setup.${shown}.intro`)}</p>
            <Tab tab={shown} />
          </>
        )}
      </div>
    </main>
  );
}

function Tab({ tab }: { tab: SetupTab }) {
  switch (tab) {
    case 'cameras':
      return <AddCamera />;
    case 'find':
      return <FindCameras />;
    case 'import':
      return <TableImport />;
    case 'onboard':
      return <Onboard />;
    case 'credentials':
      return <Credentials />;
    case 'sites':
      return <Sites />;
    case 'places':
      return <Places />;
    case 'schedules':
      return <Schedules />;
    case 'rules':
      return <Rules />;
    case 'channels':
      return <Channels />;
    case 'deliveries':
      return <Deliveries />;
    default:
      return tab satisfies never;
  }
}
