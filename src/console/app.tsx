/** Signed out: the log-in. Signed in: the stream, the frame of the page, and the page that the address names. */
import { QueryClientProvider } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { api, type Me } from './api/endpoints.js';
import { isSignedOut } from './api/problem.js';
import { createQueries } from './api/queries.js';
import { CameraPage } from './camera/camera-page.js';
import { PrintPage } from './commission/print-page.js';
import { LiveProvider } from './live/live-context.js';
import { LoginPage } from './session/login-page.js';
import { SessionProvider } from './session/session-context.js';
import { AppShell } from './shell/app-shell.js';
import { Hatches } from './map/hatches.js';
import { MapPage } from './map/map-page.js';
import { NoticeProvider } from './shell/notices.js';
import { hrefOf, useRoute } from './shell/route.js';
import { SetupPage } from './setup/setup-page.js';
import { useText } from './text/i18n.js';
import { VillagePage } from './village/village-page.js';

type Entry = { readonly status: 'asking' } | { readonly status: 'out'; readonly error: unknown } | { readonly status: 'in'; readonly me: Me };

/** A link is redeemed once per load of the page, however often the app is mounted. */
const redeemed = new Map<string, Promise<Me>>();

function enter(secret: string | undefined): Promise<Me> {
  if (secret === undefined) return api.me();
  const first = redeemed.get(secret) ?? api.redeemLink(secret).then(() => api.me());
  redeemed.set(secret, first);
  return first;
}

export function App({ linkSecret }: { linkSecret: string | undefined }) {
  const { t } = useText();
  const [entry, setEntry] = useState<Entry>({ status: 'asking' });
  const [queries, setQueries] = useState(createQueries);

  useEffect(() => {
    let current = true;
    enter(linkSecret).then(
      (me) => current && setEntry({ status: 'in', me }),
      (error: unknown) => {
        // No session yet is no error; a link that does not work is one, unless somebody is signed in anyway.
        if (linkSecret === undefined) return current && setEntry({ status: 'out', error: isSignedOut(error) ? null : error });
        return api.me().then(
          (me) => current && setEntry({ status: 'in', me }),
          () => current && setEntry({ status: 'out', error }),
        );
      },
    );
    return () => {
      current = false;
    };
  }, [linkSecret]);

  const leave = useCallback((): void => {
    setQueries(createQueries());
    setEntry({ status: 'out', error: null });
  }, []);
  const signOut = useCallback((): void => {
    api.logOut().then(leave, leave);
  }, [leave]);

  if (entry.status === 'asking') return <div className="starting">{t('app.starting')}</div>;
  return (
    <NoticeProvider>
      <Hatches />
      {entry.status === 'out' ? (
        <LoginPage firstError={entry.error} onSignedIn={(me) => setEntry({ status: 'in', me })} />
      ) : (
        <QueryClientProvider client={queries}>
          <SessionProvider me={entry.me} signOut={signOut}>
            <LiveProvider onRefused={leave}>
              <AppShell>
                <Page />
              </AppShell>
            </LiveProvider>
          </SessionProvider>
        </QueryClientProvider>
      )}
    </NoticeProvider>
  );
}

function Page() {
  const route = useRoute();
  switch (route.page) {
    case 'village':
      return <VillagePage alertId={route.alertId} />;
    case 'camera':
      return <CameraPage key={route.cameraId} cameraId={route.cameraId} placing={route.placing === true} />;
    case 'map':
      return <MapPage />;
    case 'setup':
      return <SetupPage tab={route.tab} />;
    case 'print':
      return <PrintPage key={hrefOf(route)} siteId={route.siteId} cameraId={route.cameraId ?? null} />;
    default:
      return route satisfies never;
  }
}
