/** One climb up the ladder, for an ONVIF device or a plain stream: what was seen, how far it went, what was learned. */
import type { CameraState, Rung, StreamTarget } from '../contract/camera.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { hasSecretInPath, parseCameraAddress } from './camera-address.js';
import { pinStream } from './camera-directory.js';
import type { CameraRow } from './camera-rows.js';
import { firstKeyFrame } from './first-key-frame.js';
import { createLadder, type Ladder, type Step } from './ladder.js';
import { onvifOff, streamHint } from './onboarding-hints.js';
import type { DeviceClock, DeviceIdentity, DeviceServices, OnvifClient, OnvifDevice } from './onvif-client.js';
import { chooseProfile, describeProfile } from './profile-choice.js';
import { tcpReach } from './tcp-reach.js';
import { onReachedHost, readToldAddress } from './told-address.js';

export interface Climb {
  readonly rungs: Rung[];
  /** how far the camera is known to work */
  readonly state: Exclude<CameraState, 'good'>;
  /** what failed, in one line; null when all passed */
  readonly reason: string | null;
  readonly skewMs: number | null;
  /** columns that were learned; `streamUrl` only when a key frame was decoded */
  readonly learned: Partial<CameraRow>;
}

export interface ClimbParts {
  readonly guard: AddressGuard;
  readonly onvif: OnvifClient;
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly limits: { readonly connectTimeoutMs: number };
  /** @returns how a device is registered already on another row, or null */
  readonly twinOf: (identity: DeviceIdentity & { serialNumber: string | null; manufacturer: string | null }) => Promise<string | null>;
}

/** A key frame every ten seconds is the most that a usable camera takes; twice that, and it is at fault. */
const keyFrameTimeoutMs = 20_000;

export async function climb(row: CameraRow, password: string | null, parts: ClimbParts, signal: AbortSignal): Promise<Climb> {
  const ladder = createLadder(parts.clock);
  const learned: Partial<CameraRow> = {};
  const reached = await ladder.climb('reach', () => reach(row, parts, signal));
  const outcome = !reached ? { state: 'unreachable' as const, skewMs: null } : row.protocol === 'onvif' ? await climbOnvif(row, password, parts, signal, ladder, learned) : await climbStream(row, password, parts, signal, ladder);
  const rungs = ladder.rungs();
  const failed = rungs.find((r) => r.status === 'fail');
  return { rungs, ...outcome, reason: failed ? `${failed.name}: ${failed.seen}` : null, learned };
}

async function reach(row: CameraRow, { guard, clock, limits }: ClimbParts, signal: AbortSignal): Promise<Step> {
  const { host, port, protocol } = parseCameraAddress(row.address);
  const { address } = await guard.pin(host);
  const where = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const found = await tcpReach({ address, port, timeoutMs: limits.connectTimeoutMs, clock, signal });
  switch (found.status) {
    case 'open':
      return { status: 'pass', seen: `${where} takes connections.` };
    case 'refused':
      return {
        status: 'fail',
        seen: `The host of ${where} answers, but nothing listens on that port.`,
        todo: protocol === 'onvif' ? `Check the port (often 80, 8000, 8080, 2020 or 8899). ${onvifOff}` : 'Switch RTSP on in the camera, and check the port (usually 554).',
      };
    case 'silent':
      return { status: 'fail', seen: `${where} does not answer within ${limits.connectTimeoutMs} ms.`, todo: 'Check power, cable, switch port, VLAN and address; a firewall may also swallow the connection.' };
    case 'failed':
      return { status: 'fail', seen: `${where} cannot be connected to: ${found.detail}`, todo: 'Check the address and the way to its network.' };
  }
}

async function climbOnvif(row: CameraRow, password: string | null, parts: ClimbParts, signal: AbortSignal, ladder: Ladder, learned: Partial<CameraRow>): Promise<Pick<Climb, 'state' | 'skewMs'>> {
  const { onvif } = parts;
  let device!: OnvifDevice;
  let services!: DeviceServices;
  let serialNumber: string | null = null;
  let manufacturer: string | null = null;
  let streamTold = '';
  let streamUrl = '';
  let profileToken = '';
  const at = (state: Climb['state']): Pick<Climb, 'state' | 'skewMs'> => ({ state, skewMs: device?.skewMs ?? null });

  const answers = await ladder.climb('clock', async () => {
    device = await onvif.open({ url: row.address, username: row.username, password, authMode: row.authMode as OnvifDevice['authMode'] }, signal);
    try {
      return { status: 'pass', seen: describeClock(await device.clock()) };
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError) || thrown.code !== 'camera.reply' && thrown.code !== 'camera.auth') throw thrown;
      // Some devices want a log-in even for the time, or do not tell it: that keeps nobody from going on.
      if (thrown.code === 'camera.auth') return { status: 'skipped', seen: 'It does not tell the time without a log-in.' };
      if (thrown.context['fault'] !== undefined) return { status: 'skipped', seen: `It does not tell the time. ${thrown.message}` };
      throw thrown;
    }
  });
  if (!answers) return at('reachable');

  const authenticated = await ladder.climb('auth', async () => {
    try {
      const information = await device.information();
      ({ serialNumber, manufacturer } = information);
      Object.assign(learned, { manufacturer, serialNumber, model: information.model, firmware: information.firmware } satisfies Partial<CameraRow>);
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError) || thrown.code !== 'camera.reply' || thrown.context['unsupported'] !== true) throw thrown;
    }
    learned.authMode = device.authMode;
    const who = [manufacturer, learned.model, learned.firmware].filter((t) => t).join(' ') || 'It does not say what it is';
    if (device.authMode === null) return { status: 'pass', seen: `${who}; its log-in shows with the next question.` };
    const way = { 'digest': 'by HTTP Digest', 'username-token': 'by WS-UsernameToken', 'none': 'without a log-in: it tells everybody who asks' }[device.authMode];
    return { status: 'pass', seen: `${who}; ${way}.` };
  });
  if (!authenticated) return at('answering');

  const served = await ladder.climb('services', async () => {
    services = await device.services();
    // A refusal that comes only now is one of the log-in; the ladder says so by its code.
    if (services.media1 === null && services.media2 === null) return { status: 'fail', seen: 'It names no media service.', todo: 'This ONVIF device sends no video (a recorder without channels, a door station?). Register its rtsp:// address if it has one.' };
    const identity = await device.identity();
    Object.assign(learned, { ...(identity.endpointReference === null ? {} : { endpointReference: identity.endpointReference }), ...(identity.macAddress === null ? {} : { macAddress: identity.macAddress }) });
    const twin = await parts.twinOf({ ...identity, serialNumber, manufacturer });
    if (twin !== null) {
      for (const key of ['endpointReference', 'serialNumber', 'macAddress'] as const) delete learned[key];
      return { status: 'fail', seen: `This device is already registered as ${twin}.`, todo: 'Remove one of the two, or correct the address of this one.' };
    }
    const names = [services.media2 === null ? '' : 'media 2', services.media1 === null ? '' : 'media 1', services.events === null ? '' : 'events', services.deviceIo === null ? '' : 'inputs'].filter((n) => n !== '');
    return { status: 'pass', seen: `${names.join(', ')}.${describeDeviations(device)}${describeReplacement(row, learned)}` };
  });
  if (!served) return at('authenticated');

  const chosen = await ladder.climb('profiles', async () => {
    const profiles = await device.profiles(services);
    const choice = chooseProfile(profiles);
    if (choice === null) return { status: 'fail', seen: profiles.length === 0 ? 'It has no profile with a video encoder.' : 'None of its profiles has a codec that we decode.', todo: 'Set up a sub stream with H.264 or H.265 on the camera.' };
    streamTold = await device.streamAddress(services, choice.profile);
    const rewritten = onReachedHost(streamTold, device.host);
    if (rewritten === null || !rewritten.startsWith('rtsp://')) return { status: 'fail', seen: 'The address that it tells for the stream is no rtsp:// address.', todo: 'Switch RTSP on in the camera, or register its rtsp:// address.' };
    if (hasSecretInPath(rewritten)) return { status: 'fail', seen: 'The address that it tells for the stream has a password in its path, where everybody who sees it reads it.', todo: 'Use a camera or firmware that logs in properly, or switch the password in the path off.' };
    streamUrl = rewritten;
    profileToken = choice.profile.token;
    const only = choice.main ? '; it has no sub stream, so this is the main one: set up a smaller one to spare the camera' : '';
    return { status: 'pass', seen: `${profiles.length} with video; taken: ${describeProfile(choice.profile)}${only}.` };
  });
  if (!chosen) return at('authenticated');

  const decoded = await ladder.climb('keyframe', async () => {
    const first = await tryStream(row, streamUrl, password, parts, signal);
    if (first.step.status === 'pass' || first.reason !== 'unreachable') return first.step;
    // Some cameras stream only from the host that they name (a recorder's other interface): tried when it is allowed.
    const told = readToldAddress(streamTold);
    // Never this machine: a device that names 127.0.0.1 means itself, or harm.
    const other = told && told.host !== '' && told.host !== device.host && !isLoopback(told.host) && parts.guard.allows(told.host) ? onReachedHost(streamTold, told.host) : null;
    if (other === null) return first.step;
    const second = await tryStream(row, other, password, parts, signal);
    if (second.step.status !== 'pass') return first.step;
    streamUrl = other;
    return second.step;
  });
  if (!decoded) return at('authenticated');
  Object.assign(learned, { streamUrl, streamUrlTold: withoutCredentials(streamTold), profileToken } satisfies Partial<CameraRow>);
  return at('online');
}

async function climbStream(row: CameraRow, password: string | null, parts: ClimbParts, signal: AbortSignal, ladder: Ladder): Promise<Pick<Climb, 'state' | 'skewMs'>> {
  const skip = (): Promise<Step> => Promise.resolve({ status: 'skipped', seen: 'A plain stream has none.' });
  await ladder.climb('clock', skip);
  let attempt!: Awaited<ReturnType<typeof tryStream>>;
  const letIn = await ladder.climb('auth', async () => {
    // One connection tells both: whether the log-in is taken, and whether there is a picture.
    attempt = await tryStream(row, row.address, password, parts, signal);
    if (attempt.reason === 'auth') return attempt.step;
    if (attempt.step.status !== 'pass') return { status: 'skipped', seen: 'The stream did not get that far.' };
    return { status: 'pass', seen: row.username === null ? 'Without a log-in.' : 'The stream takes the log-in.' };
  });
  if (!letIn) return { state: 'answering', skewMs: null };
  await ladder.climb('services', skip);
  await ladder.climb('profiles', skip);
  await ladder.climb('keyframe', () => Promise.resolve(attempt.step));
  const state = attempt.step.status === 'pass' ? 'online' : attempt.reason === 'unreachable' || attempt.reason === 'refused' || attempt.reason === 'protocol' ? 'reachable' : 'authenticated';
  return { state, skewMs: null };
}

type StreamReason = Parameters<typeof streamHint>[0];

async function tryStream(row: CameraRow, url: string, password: string | null, { guard, source, clock, limits }: ClimbParts, signal: AbortSignal): Promise<{ step: Step; reason: StreamReason | null }> {
  let pinnedUrl: string;
  try {
    pinnedUrl = await pinStream(guard, url);
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError) || thrown.code !== 'address.refused') throw thrown;
    return { step: { status: 'fail', seen: thrown.message, todo: streamHint('refused') }, reason: 'refused' };
  }
  const target: StreamTarget = { cameraId: row.id, siteId: row.siteId, url: pinnedUrl, username: row.username, password, sampleIntervalMs: row.sampleIntervalMs, configVersion: row.configVersion };
  const seen = await firstKeyFrame({ source, target, connectTimeoutMs: limits.connectTimeoutMs, timeoutMs: keyFrameTimeoutMs, clock, signal });
  switch (seen.status) {
    case 'seen': {
      const { info, tookMs } = seen;
      const size = info ? `${info.codec} ${info.widthPx}×${info.heightPx}` : `${seen.widthPx}×${seen.heightPx}`;
      return { step: { status: 'pass', seen: `A key frame (${size}) was decoded after ${Math.round(tookMs)} ms.` }, reason: null };
    }
    case 'timeout':
      return { step: { status: 'fail', seen: `No key frame within ${keyFrameTimeoutMs / 1000} s.`, todo: streamHint('timeout') }, reason: 'timeout' };
    case 'ended':
      return { step: { status: 'fail', seen: `The stream ended (${seen.end.reason}): ${seen.end.detail}`, todo: streamHint(seen.end.reason) }, reason: seen.end.reason };
  }
}

function describeClock({ skewMs, source, roundTripMs }: DeviceClock): string {
  if (skewMs === null) return 'It answers, but tells no UTC time; its clock is taken for right.';
  const seconds = Math.abs(skewMs) / 1000;
  const offset = seconds < 1 ? 'Its clock is right' : `Its clock is ${seconds.toFixed(seconds < 10 ? 1 : 0)} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return `${offset}${source === 'ntp' ? ', set by NTP' : source === 'manual' ? ', set by hand' : ''}; it answers in ${Math.round(roundTripMs)} ms.`;
}

const deviationTexts: Readonly<Record<string, string>> = {
  'reached-host': 'It names addresses on another host; the one that we reached is used.',
  'capabilities-instead-of-services': 'It has no list of services; its capabilities are used.',
  'local-time-as-utc': 'It labels its local time as UTC.',
};

function describeDeviations({ deviations }: OnvifDevice): string {
  return deviations.map((d) => ` ${deviationTexts[d] ?? ''}`).join('').trimEnd();
}

function describeReplacement(row: CameraRow, { endpointReference }: Partial<CameraRow>): string {
  return row.endpointReference !== null && (endpointReference ?? row.endpointReference) !== row.endpointReference ? ' It is another device than before at this camera: look at its view and its zones.' : '';
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$|::ffff:(127\.|7f))/i.test(address);
}

function withoutCredentials(address: string): string {
  const read = readToldAddress(address);
  return read ? (onReachedHost(address, read.host) ?? '') : '';
}
