/** Who is signed in, what they may do, and which site they look at. */
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import type { Site } from '../../contract/site.js';
import type { Me } from '../api/endpoints.js';
import { useSites } from '../api/queries.js';
import { recall, remember } from '../shell/browser-store.js';
import { allows, allowsEverywhere, type Action } from './permissions.js';

interface Session {
  readonly me: Me;
  /** @param siteId null: on any site */
  readonly can: (action: Action, siteId?: string | null) => boolean;
  readonly canEverywhere: (action: Action) => boolean;
  readonly sites: readonly Site[];
  /** the chosen site; null: all of them */
  readonly siteId: string | null;
  readonly chooseSite: (siteId: string | null) => void;
  /** IANA zone of a site; UTC until it is known */
  readonly zoneOf: (siteId: string) => string;
  readonly signOut: () => void;
}

const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('outside of SessionProvider');
  return session;
}

const none: readonly Site[] = [];

export function SessionProvider({ me, signOut, children }: { me: Me; signOut: () => void; children: ReactNode }) {
  const sites = useSites().data ?? none;
  const [chosen, setChosen] = useState(() => recall('site'));
  const session = useMemo<Session>(() => {
    const only = sites.length === 1 ? (sites[0]?.id ?? null) : null;
    return {
      me,
      can: (action, siteId = null) => allows(me.grants, action, siteId),
      canEverywhere: (action) => allowsEverywhere(me.grants, action),
      sites,
      siteId: only ?? sites.find((s) => s.id === chosen)?.id ?? null,
      chooseSite: (siteId) => {
        remember('site', siteId ?? '');
        setChosen(siteId);
      },
      zoneOf: (siteId) => sites.find((s) => s.id === siteId)?.timeZone ?? 'UTC',
      signOut,
    };
  }, [me, sites, chosen, signOut]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
