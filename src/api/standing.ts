/** Who a long answer goes to: asked again from time to time, so that a session that ended or a role that was taken away ends it. */
import type { Principal } from '../contract/principal.js';
import type { Credential } from './access.js';
import type { Identify } from './authenticate.js';

export interface Listener {
  readonly principal: Principal;
  readonly credential: Credential;
}

export interface Standing {
  /** as of the last question */
  readonly principal: Principal;
  /** @returns whether the credential still holds and `may` agrees. Throws when it cannot be asked. */
  ask(): Promise<boolean>;
}

/** @param may whether what the principal may do now is still enough */
export function createStanding(identify: Identify, who: Listener, may: (principal: Principal) => boolean = () => true): Standing {
  let { principal } = who;
  return {
    get principal() {
      return principal;
    },
    async ask() {
      const now = await identify(who.credential);
      if (!now) return false;
      principal = now;
      return may(now);
    },
  };
}
