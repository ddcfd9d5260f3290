/**
 * The device's clock and where it gets its time. Offset: TIM-01 (over 5 s is a warning, over 30 s a refusal), with the
 * benefit of the doubt: half of the round trip, and half of the whole second to which the answer is cut.
 */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { DeviceClock, NetworkTime } from '../onvif-client.js';
import { checkOf, unanswered, type Asked } from './verdicts.js';

const warnMs = 5_000;
const failMs = 30_000;
const halfSecondMs = 500;
const setClock = 'Set the time on the camera and switch NTP on, with a server that it reaches.';

/** @param options.localAsUtc the device labels its local time as UTC: that was found when it refused our log-in */
export function clockCheck(asked: Asked<DeviceClock>, options: { localAsUtc: boolean }): CommissioningCheck {
  if (asked.status === 'unanswered') return unanswered('clock', asked.reason, 'Compare the time on the camera\'s own page with a good clock.');
  const { skewMs, roundTripMs, source } = asked.value;
  const evidence = { offsetMs: skewMs, roundTripMs: Math.round(roundTripMs), resolutionMs: 1000, source, localAsUtc: options.localAsUtc };
  if (skewMs === null) return checkOf('clock', 'unverified', 'It tells no UTC time.', 'Compare the time on the camera\'s own page with a good clock.', evidence);
  const leastMs = Math.max(0, Math.abs(skewMs) - roundTripMs / 2 - halfSecondMs);
  const seen = `${leastMs === 0 ? 'Right' : `${shown(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`}, as far as whole seconds and a round trip of ${Math.round(roundTripMs)} ms tell${options.localAsUtc ? '; it gives its local time for UTC' : ''}.`;
  const todo = options.localAsUtc ? `Set its time zone and its time anew, or update its firmware. ${setClock}` : setClock;
  return checkOf('clock', leastMs > failMs ? 'fail' : leastMs > warnMs ? 'warn' : 'pass', seen, todo, { ...evidence, leastOffsetMs: Math.round(leastMs) });
}

export function timeSourceCheck(clock: Asked<DeviceClock>, network: Asked<NetworkTime | null>): CommissioningCheck {
  const source = clock.status === 'answered' ? clock.value.source : 'unknown';
  const told = network.status === 'answered' ? network.value : null;
  const servers = (told?.servers ?? []).filter((s) => s.trim() !== '' && s !== '0.0.0.0' && s !== '::');
  const evidence = { source, fromDhcp: told?.fromDhcp ?? null, servers: servers.slice(0, 5).join(', ').slice(0, 300) };
  const todo = 'Switch NTP on in the camera and name a server that it reaches (TIM-02).';
  const silence = network.status === 'unanswered' ? network.reason : 'It does not tell its time servers.';
  if (source === 'manual') return checkOf('time-source', 'warn', `Its clock is set by hand${servers.length > 0 ? `, though a time server is named: ${evidence.servers}` : ''}.`, todo, evidence);
  if (source === 'unknown') {
    const seen = clock.status === 'unanswered' ? clock.reason : 'It does not say whether its time comes from NTP.';
    return checkOf('time-source', 'unverified', servers.length > 0 ? `${seen} It names ${evidence.servers}.` : seen, todo, evidence);
  }
  if (servers.length > 0) return checkOf('time-source', 'pass', `NTP, from ${evidence.servers}.`, '', evidence);
  if (told === null) return checkOf('time-source', 'unverified', `NTP; ${lower(silence)}`, 'Look up on the camera\'s own page which time server it uses.', evidence);
  if (told.fromDhcp) return checkOf('time-source', 'warn', 'NTP, with the server from DHCP; none is named at present.', 'Name a time server in the DHCP server or on the camera.', evidence);
  return checkOf('time-source', 'warn', 'NTP is on, but no server is named.', todo, evidence);
}

function shown(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function lower(sentence: string): string {
  return `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`;
}
