/** Credential sets of a site, sealed; onboarding tries them in order. */
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { CredentialSets } from '../contract/credential-set.js';
import type { Database } from '../contract/database.js';
import type { Clock } from '../core/clock.js';
import { unbuilt } from './unbuilt.js';

export function createCredentialSets(parts: { database: Database; sealer: Sealer; ledger: Ledger; clock: Clock }): CredentialSets {
  return unbuilt(parts);
}
