/**
 * Asks one address for an ONVIF device over TCP: for devices that have discovery switched off. A port that is open is
 * asked for its clock, the one question that needs no log-in (ONVIF Core, access class PRE_AUTH); none is ever sent.
 */
import type { Clock } from '../core/clock.js';
import { asHedgerowError } from '../core/errors.js';
import type { Pace } from './discovery-pace.js';
import type { OnvifClient } from './onvif-client.js';
import { tcpReach } from './tcp-reach.js';

/** Where devices listen: the usual ones, Hikvision recorders, Tapo and small servers, XM boards, further makers. */
const ports = [80, 8000, 8080, 2020, 8899, 81, 88, 5000] as const;
/** A host that is silent on so many of the first ports is not there: one that is refuses what is closed. */
const silentPorts = 2;
const connectTimeoutMs = 800;
const replyTimeoutMs = 3_000;
const servicePaths = ['/onvif/device_service', '/onvif/service'] as const;

/** @returns the service's address, or null. Throws only when `signal` is aborted. */
export async function knock(address: string, deps: { onvif: OnvifClient; pace: Pace; clock: Clock; signal: AbortSignal; ports?: readonly number[] | undefined }): Promise<string | null> {
  const { pace, clock, signal } = deps;
  let silent = 0;
  for (const port of deps.ports ?? ports) {
    await pace.turn(signal);
    const reach = await tcpReach({ address, port, timeoutMs: connectTimeoutMs, clock, signal });
    if (reach.status === 'open') {
      const found = await serviceOn(`http://${address}${port === 80 ? '' : `:${port}`}`, deps);
      if (found !== null) return found;
    } else if (reach.status !== 'refused' && ++silent >= silentPorts) return null;
  }
  return null;
}

async function serviceOn(origin: string, deps: { onvif: OnvifClient; clock: Clock; signal: AbortSignal }): Promise<string | null> {
  for (const path of servicePaths) {
    const said = await ask(`${origin}${path}`, deps);
    if (said === 'device') return `${origin}${path}`;
    // A server that wants a log-in for everything says nothing about this path.
    if (said === 'log-in') return (await ask(`${origin}/nothing-is-here`, deps)) === 'log-in' ? null : `${origin}${path}`;
    if (said === 'silent') return null;
  }
  return null;
}

type Said = 'device' | 'log-in' | 'other' | 'silent';

async function ask(url: string, { onvif, clock, signal }: { onvif: OnvifClient; clock: Clock; signal: AbortSignal }): Promise<Said> {
  const late = new AbortController();
  const cancel = clock.after(replyTimeoutMs, () => late.abort(new DOMException('No reply in time.', 'AbortError')));
  try {
    const device = await onvif.open({ url, username: null, password: null, authMode: null }, AbortSignal.any([signal, late.signal]));
    await device.clock();
    return 'device';
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asHedgerowError(thrown);
    if (error.code === 'camera.auth') return 'log-in';
    // A fault is an answer in SOAP: something speaks it there, even if it does not know this question.
    if (error.code === 'camera.reply') return error.context['fault'] === undefined ? 'other' : 'device';
    return 'silent';
  } finally {
    cancel();
  }
}
