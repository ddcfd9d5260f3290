/** A stored picture by its id, or why it cannot be shown: deleted in time, or too young for an auditor. */
import { useState, type ReactNode } from 'react';
import { api } from '../api/endpoints.js';
import { useSession } from '../session/session-context.js';
import { useText } from '../text/i18n.js';
import { useNow } from './use-now.js';

/** Auditors look at stored evidence, never live: a picture opens to them at this age (the API decides). */
const evidenceAgeMs = 15 * 60_000;

interface StoredPictureProps {
  id: string;
  siteId: string;
  /** when it was taken, as far as we know */
  takenAt: string | null;
  alt: string;
  eager?: boolean;
  testId?: string;
  /** what stands there instead, with the reason */
  instead: (reason: string) => ReactNode;
}

export function StoredPicture({ id, siteId, takenAt, alt, eager = false, testId, instead }: StoredPictureProps) {
  const { t } = useText();
  const { can } = useSession();
  const now = useNow(30_000);
  const [failedId, setFailedId] = useState<string | null>(null);
  if (!can('seeStored', siteId)) return instead(t('picture.none'));
  if (!can('seeLive', siteId) && takenAt !== null && now < Date.parse(takenAt) + evidenceAgeMs) return instead(t('picture.young'));
  if (failedId === id) return instead(t('picture.gone'));
  return <img src={api.pictureUrl(id)} loading={eager ? 'eager' : 'lazy'} decoding="async" alt={alt} data-testid={testId} onError={() => setFailedId(id)} />;
}
