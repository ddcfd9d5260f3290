/** The maker's well-known log-in is refused, and nobody gets in without one (NET-02). What was tried: `default-login.ts`. */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { DefaultLogin } from '../default-login.js';
import { checkOf, unanswered, type Asked } from './verdicts.js';

const change = 'Set a password of its own for every account of the camera, and delete the accounts that nobody uses.';

export function defaultPasswordCheck(asked: Asked<DefaultLogin>): CommissioningCheck {
  const name = 'default-password';
  if (asked.status === 'unanswered') return unanswered(name, asked.reason, 'Try the maker\'s well-known log-in by hand, once.');
  const found = asked.value;
  const evidence = { outcome: found.status, logInsSent: found.status === 'accepted' || (found.status === 'refused' && !found.earlier) ? 1 : 0, account: 'account' in found ? found.account : null };
  switch (found.status) {
    case 'open-to-all':
      return checkOf(name, 'fail', 'The device asks nobody for a log-in.', 'Switch authentication on in the camera (ONVIF and RTSP), and set a password.', evidence);
    case 'own-is-well-known':
      return checkOf(name, 'fail', `The camera is registered with a password for "${found.account}" that every buyer of such a camera knows.`, `${change} Then enter it here.`, evidence);
    case 'accepted':
      return checkOf(name, 'fail', `The well-known log-in of the account "${found.account}" gets in.`, change, evidence);
    case 'refused':
      return checkOf(name, 'pass', `The well-known log-in of the account "${found.account}" is refused${found.earlier ? ' (it was tried a short while ago)' : ''}.`, '', evidence);
    case 'own-account':
      return checkOf(name, 'pass', `"${found.account}" is the account that the camera is registered with, and its password is none of the well-known ones; nothing was tried.`, '', evidence);
    case 'no-budget':
      return checkOf(name, 'unverified', `The device refused log-ins in the last ${Math.round(found.windowMs / 60_000)} minutes; one more might lock an account, so the well-known one was not tried.`, `Run the checklist again in ${Math.round(found.windowMs / 60_000)} minutes.`, evidence);
    default:
      return found satisfies never;
  }
}
