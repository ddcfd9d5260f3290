/** What to do about a rung that failed: concrete, for somebody who stands on a ladder with a telephone. */
import type { EndReason } from '../contract/frame-source.js';
import type { HedgerowError } from '../core/errors.js';
import type { RungName } from './ladder.js';

export const onvifOff =
  'ONVIF is off by default on many cameras. Hikvision: Configuration > Network > Advanced Settings > Integration Protocol, switch it on and add a user. Dahua: Setup > Network > Access Platform > ONVIF. TP-Link Tapo: make a camera account in the app.';

const users =
  'Check the user name and the password. Many cameras have a user list of their own for ONVIF: Hikvision under Integration Protocol > ONVIF users, Dahua under System > Account > ONVIF User; a user of level "Media User" is enough.';

export function hintFor(rung: RungName, error: HedgerowError): string {
  if (error.code === 'address.refused') return 'Check the address. If the camera really is in that network, add the network to register.allowNetworks.';
  if (error.code === 'camera.auth') {
    const tries = error.context['tries'];
    if (error.context['given'] === false) return hintForLogin('none-given');
    if (error.context['rights'] === true) return hintForLogin('rights');
    return hintForLogin('refused', typeof tries === 'number' ? tries : 2);
  }
  switch (rung) {
    case 'reach':
      return 'Check power, cable, switch port and address.';
    case 'clock':
      return error.code === 'camera.unreachable' ? `Something is there but no ONVIF service answers in time. ${onvifOff}` : `What answers is no ONVIF service: check port and path of the address (often 80, 8000, 8080, 2020 or 8899). ${onvifOff}`;
    case 'auth':
      return `The camera breaks off when it is asked who it is. Restart it, and update its firmware if this happens again. ${users}`;
    case 'services':
      return `The camera does not tell its services. Restart it; if it says the same again, update its firmware or register its rtsp:// address. ${onvifOff}`;
    case 'profiles':
      return 'Set up a sub stream with H.264 or H.265 on the camera, or register its rtsp:// address.';
    case 'keyframe':
      return 'Check the video settings of the camera.';
  }
}

/**
 * @param why `few`: the device says that it is about to lock; `way`: it asks for log-ins in a way that is not used
 * @param tries log-ins that it refused just now
 */
export function hintForLogin(why: 'none-given' | 'refused' | 'rights' | 'way' | 'few', tries = 0): string {
  switch (why) {
    case 'none-given':
      return 'Enter the user name and the password of the camera, or give the site a credential set ("hedgerow credentials add") and probe again.';
    case 'rights':
      return 'Give the camera\'s account the right to read media ("Media User" or "Operator").';
    case 'way':
      return 'Choose "digest" for the authentication of the stream on the camera. A log-in of a credential set is never sent in clear: if the camera knows nothing else, enter a log-in of its own for it.';
    case 'few':
      return `The device says that it is about to lock the account: nothing more is tried. ${users}`;
    case 'refused':
      return `${users}${tries === 0 ? '' : ` We stopped after ${tries} ${tries === 1 ? 'try' : 'tries'}, so that the camera does not lock the account; it is tried again when you change the credentials or ask for it.`}`;
  }
}

export function streamHint(reason: EndReason | 'timeout'): string {
  switch (reason) {
    case 'unreachable':
      return 'Nothing answers on the port of the stream: switch RTSP on (usually port 554), and check a firewall in between.';
    case 'auth':
      return `The stream refuses the user name or the password. ${users} Some cameras have a switch of its own for RTSP authentication; "digest" is the one to choose.`;
    case 'not-found':
      return 'The path of the stream is wrong: look it up in the manual of the camera, or register its ONVIF address and let it be found.';
    case 'stalled':
    case 'timeout':
      return 'The camera connects but sends no key frame. Set the key frame interval (GOP) to 2 seconds, and check that the camera still has a free connection.';
    case 'corrupt':
    case 'protocol':
      return 'What the camera sends cannot be decoded. Choose H.264 without "smart codec" (H.264+, Zipstream) for the sub stream, and update the firmware.';
    case 'closed':
      return 'The camera ends the connection: it may have no free one. Close other viewers, or raise the number of connections on the camera.';
    case 'refused':
      return 'The stream is at an address outside the allowed networks: see register.allowNetworks.';
    case 'stopped':
      return 'Ask for the probe again.';
  }
}
