/** The climb of an ONVIF device: clock, log-in, services and identity, profile, key frame. */
import { pose, type Pose } from '../contract/camera.js';
import { HedgerowError } from '../core/errors.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import { devicePolicyText } from './device-policies.js';
import { compareIdentity, describeDevice } from './device-twins.js';
import type { Step } from './ladder.js';
import type { Login } from './login-budget.js';
import { wasRefused, type Climb, type ClimbOf, type ClimbParts } from './climb-parts.js';
import { hintForLogin } from './onboarding-hints.js';
import { logIn, refusalOf, type Attempt } from './onboarding-login.js';
import type { DeviceClock, DeviceInformation, DeviceServices, MediaProfile, OnvifDevice, ToldPose } from './onvif-client.js';
import { hasSecretInPath, takesLoginInPath, templateOf } from './path-credentials.js';
import { chooseProfile, describeProfile } from './profile-choice.js';
import { chooseSource } from './source-choice.js';
import { tryStream, type StreamTry } from './stream-try.js';
import { onReachedHost, readToldAddress, writeAddress } from './told-address.js';

/** A conversation that was let in, and what it had to ask for that. */
interface Entered {
  readonly device: OnvifDevice;
  readonly information: DeviceInformation | null;
  readonly services: DeviceServices | null;
  readonly profiles: readonly MediaProfile[] | null;
}

export async function climbOnvif({ row, own, parts, ladder, learned, signal }: ClimbOf): Promise<Pick<Climb, 'state' | 'skewMs' | 'login'>> {
  const { onvif, guard, budget, limits } = parts;
  const { host, port } = parseCameraAddress(row.address);
  /** the conversation of the clock, whose log-in was not sent yet */
  let first: OnvifDevice | null = null;
  let device!: OnvifDevice;
  let entered!: Entered;
  let services!: DeviceServices;
  let login: Climb['login'] = null;
  let working: (Login & { digestOnly: boolean }) | null = null;
  let stream!: Stream;
  const at = (state: Climb['state']): Pick<Climb, 'state' | 'skewMs' | 'login'> => ({ state, skewMs: device.skewMs, login });
  const firstRefusals = Math.min(2, limits.lockout.refusedLogins);
  const open = (given: Login | null, maxRefusals: number): Promise<OnvifDevice> =>
    onvif.open({ url: row.address, username: given?.username ?? null, password: given?.password ?? null, authMode: given === own ? (row.authMode as OnvifDevice['authMode']) : null, maxRefusals }, signal);

  const answers = await ladder.climb('clock', async () => {
    device = first = await open(own, firstRefusals);
    try {
      return { status: 'pass', seen: describeClock(await device.clock()) };
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError) || (thrown.code !== 'camera.reply' && thrown.code !== 'camera.auth')) throw thrown;
      // Some devices want a log-in even for the time, or do not tell it: that keeps nobody from going on.
      if (thrown.code === 'camera.auth') return { status: 'skipped', seen: 'It does not tell the time without a log-in.' };
      if (thrown.context['fault'] !== undefined) return { status: 'skipped', seen: `It does not tell the time. ${thrown.message}` };
      throw thrown;
    }
  });
  if (!answers) return at('reachable');

  async function attempt(given: Login | null, most: number): Promise<Attempt<Entered>> {
    if (first && given === own && most === firstRefusals) device = first;
    else {
      device = await open(given, most);
      await unlessCamera(() => device.clock());
    }
    first = null;
    try {
      return { status: 'in', got: await enter(device) };
    } catch (thrown) {
      if (thrown instanceof HedgerowError && thrown.code === 'camera.auth') return refusalOf(thrown);
      throw thrown;
    }
  }

  const authenticated = await ladder.climb('auth', async () => {
    const where = { host: (await guard.pin(host)).address, port };
    const outcome = await logIn({ device: where, own, changed: wasRefused(row), sets: parts.sets, budget, windowMs: limits.lockout.windowMs }, attempt);
    if (outcome.status === 'refused') return outcome.step;
    entered = outcome.got;
    login = outcome.by;
    const given = login ?? own;
    working = given && { ...given, digestOnly: login !== null || row.fromCredentialSet };
    const { information } = entered;
    if (information) Object.assign(learned, information satisfies Partial<CameraRow>);
    learned.authMode = device.authMode;
    const who = [information?.manufacturer, information?.model, information?.firmware].filter((t) => t).join(' ') || 'It does not say what it is';
    if (device.authMode === null) return { status: 'pass', seen: `${who}; its log-in shows with the next question.` };
    const way = { 'digest': 'by HTTP Digest', 'username-token': 'by WS-UsernameToken', 'none': 'without a log-in: it tells everybody who asks' }[device.authMode];
    return { status: 'pass', seen: `${who}; ${way}.${outcome.note}` };
  });
  if (!authenticated) return at('answering');

  const served = await ladder.climb('services', async () => {
    services = entered.services ?? (await device.services());
    const identity = await device.identity();
    const found = { ...identity, serialNumber: learned.serialNumber ?? null, manufacturer: learned.manufacturer ?? null };
    const compared = compareIdentity(row, found);
    const twin = compared === 'different' ? null : await parts.twinOf(found);
    if (compared === 'different' || twin !== null) {
      // Nothing of a device that does not belong here is kept, and no log-in for it.
      for (const key of Object.keys(learned)) delete learned[key as keyof CameraRow];
      login = null;
      if (twin !== null) return { status: 'fail', seen: `This device is already registered as ${twin}.`, todo: 'Remove one of the two, or correct the address of this one. A recorder: give each camera the video source (sourceToken) that it shows.' };
      const seen = `Another device answers here: ${describeDevice({ ...found, model: entered.information?.model ?? null })}; registered is ${describeDevice(row)}.`;
      return { status: 'fail', seen, todo: 'Replace the camera ("replace" keeps its history and its place), or correct the address.' };
    }
    Object.assign(learned, { ...(identity.endpointReference === null ? {} : { endpointReference: identity.endpointReference }), ...(identity.macAddress === null ? {} : { macAddress: identity.macAddress }) });
    // A refusal that comes only now is one of the log-in; the ladder says so by its code.
    if (services.media1 === null && services.media2 === null) return { status: 'fail', seen: 'It names no media service.', todo: 'This ONVIF device sends no video (a recorder without channels, a door station?). Register its rtsp:// address if it has one.' };
    const names = [services.media2 === null ? '' : 'media 2', services.media1 === null ? '' : 'media 1', services.events === null ? '' : 'events', services.deviceIo === null ? '' : 'inputs'].filter((n) => n !== '');
    const renewed = compared === 'renewed' ? ' Its endpoint reference has changed; serial number and MAC are the same.' : '';
    return { status: 'pass', seen: `${names.join(', ')}.${describeDeviations(device)}${renewed}` };
  });
  if (!served) return at('authenticated');

  const chosen = await ladder.climb('profiles', async () => {
    const profiles = entered.profiles ?? (await device.profiles(services));
    const source = chooseSource(profiles, row.sourceToken, await parts.sourcesTaken(learned.endpointReference ?? row.endpointReference));
    if (source.status === 'none') return source.step;
    const choice = chooseProfile(source.profiles);
    if (choice === null) return { status: 'fail', seen: profiles.length === 0 ? 'It has no profile with a video encoder.' : 'None of its profiles has a codec that we decode.', todo: 'Set up a sub stream with H.264 or H.265 on the camera.' };
    const read = readStream(await device.streamAddress(services, choice.profile), device.host, choice.profile.token, working);
    if (read.status === 'fail') return read;
    stream = read;
    const told = plausible((await unlessCamera(() => device.toldPose(services, choice.profile))) ?? {});
    if (Object.keys(told).length > 0) learned.toldPose = told;
    const only = choice.main ? '; it has no sub stream, so this is the main one: set up a smaller one to spare the camera' : '';
    const inPath = takesLoginInPath(stream.url) ? ` ${devicePolicyText('password-in-path')}` : '';
    return { status: 'pass', seen: `${source.profiles.length} with video; taken: ${describeProfile(choice.profile)}${only}.${source.note}${inPath}` };
  });
  if (!chosen) return at('authenticated');

  const decoded = await ladder.climb('keyframe', async () => {
    const seen = await tryWithBudget(row, stream.url, working, parts, signal);
    if (seen.step.status === 'pass' || seen.reason !== 'unreachable') return seen.step;
    // Some cameras stream only from the host that they name (a recorder's other interface): tried when it is allowed.
    const told = readToldAddress(stream.told);
    // Never this machine: a device that names 127.0.0.1 means itself, or harm. Never a log-in that is meant for this host alone.
    const other = told && told.host !== '' && told.host !== device.host && !isLoopback(told.host) && guard.allows(told.host) && working?.digestOnly !== true ? onReachedHost(stream.url, told.host) : null;
    if (other === null) return seen.step;
    const second = await tryWithBudget(row, other, working && { ...working, digestOnly: true }, parts, signal);
    if (second.step.status !== 'pass') return seen.step;
    stream = { ...stream, url: other };
    return second.step;
  });
  if (!decoded) return at('authenticated');
  Object.assign(learned, { streamUrl: stream.url, streamUrlTold: stream.told, profileToken: stream.profileToken } satisfies Partial<CameraRow>);
  return at('online');
}

/** Asks who it is; where nobody had to log in for that, also for what is closed on every device that has a lock. */
async function enter(device: OnvifDevice): Promise<Entered> {
  let information: DeviceInformation | null = null;
  try {
    information = await device.information();
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError) || thrown.code !== 'camera.reply' || thrown.context['unsupported'] !== true) throw thrown;
  }
  if (device.authMode !== null && device.authMode !== 'none') return { device, information, services: null, profiles: null };
  const services = await unlessCamera(() => device.services());
  const profiles = services && (services.media1 !== null || services.media2 !== null) ? await unlessCamera(() => device.profiles(services)) : null;
  // Some tell their profiles to everybody and only the address of the stream to who logs in: a refusal there belongs to the
  // log-in as well, where it is counted, and not to a rung that every look climbs to again.
  const choice = profiles && chooseProfile(profiles);
  if (services && choice && (device.authMode === null || device.authMode === 'none')) await unlessCamera(() => device.streamAddress(services, choice.profile));
  return { device, information, services, profiles };
}

/** @returns null for what the device does wrong; its rung, if it has one, comes to that again. A refused log-in is thrown. */
async function unlessCamera<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof HedgerowError && thrown.code !== 'camera.auth' && thrown.code.startsWith('camera.')) return null;
    throw thrown;
  }
}

/** What of a told pose is within the bounds that a person's entry has. */
function plausible(told: ToldPose): Partial<Pose> {
  return Object.fromEntries(Object.entries(pose.shape).flatMap(([key, bounds]) => {
    const value = told[key as keyof ToldPose];
    return value !== undefined && bounds.safeParse(value).success ? [[key, value]] : [];
  }));
}

interface Stream {
  readonly status: 'read';
  /** on the host that we reached; a template where it takes the log-in in its path */
  readonly url: string;
  /** as the device told it, without credentials */
  readonly told: string;
  readonly profileToken: string;
}

function readStream(said: string, host: string, profileToken: string, login: Login | null): Stream | Extract<Step, { status: 'fail' }> {
  const read = readToldAddress(said);
  if (read?.scheme !== 'rtsp') return { status: 'fail', seen: 'The address that it tells for the stream is no rtsp:// address.', todo: 'Switch RTSP on in the camera, or register its rtsp:// address.' };
  const path = templateOf(read.path, login?.password ?? null)?.path ?? read.path;
  if (hasSecretInPath(path)) return { status: 'fail', seen: 'The address that it tells for the stream has a password in its path, in a form that we cannot take out.', todo: 'Use a camera or firmware that logs in properly, or switch the password in the path off.' };
  return { status: 'read', url: writeAddress({ ...read, path, host }), told: writeAddress({ ...read, path }), profileToken };
}

/** The log-in was taken a moment ago; that the stream refuses it counts on the port of the stream. */
async function tryWithBudget(row: CameraRow, url: string, login: (Login & { readonly digestOnly: boolean }) | null, parts: ClimbParts, signal: AbortSignal): Promise<StreamTry> {
  const read = readToldAddress(url);
  if (login === null || read === null) return tryStream(row, url, login, parts, signal);
  const device = { host: (await parts.guard.pin(read.host)).address, port: read.port ?? 554 };
  const standing = await parts.budget.standing(device);
  if (standing.left === 0 && standing.refusedHere(login)) {
    const seen = 'The stream has refused this log-in as often as the lock-out policy allows; it was not sent again.';
    return { step: { status: 'fail', seen, todo: `${hintForLogin('refused')} The next try is allowed at ${new Date(standing.nextTryMs ?? 0).toISOString().slice(0, 16)}Z.` }, reason: 'auth', refusedLogin: false };
  }
  const open = await parts.budget.begin(device, login, 1);
  const seen = await tryStream(row, url, login, parts, signal);
  await open.settle(seen.refusedLogin ? 1 : 0, null);
  return seen;
}

function describeClock({ skewMs, source, roundTripMs }: DeviceClock): string {
  if (skewMs === null) return 'It answers, but tells no UTC time; its clock is taken for right.';
  const seconds = Math.abs(skewMs) / 1000;
  const offset = seconds < 1 ? 'Its clock is right' : `Its clock is ${seconds.toFixed(seconds < 10 ? 1 : 0)} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return `${offset}${source === 'ntp' ? ', set by NTP' : source === 'manual' ? ', set by hand' : ''}; it answers in ${Math.round(roundTripMs)} ms.`;
}

function describeDeviations({ deviations }: OnvifDevice): string {
  return deviations.map((d) => ` ${devicePolicyText(d)}`).join('').trimEnd();
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$|::ffff:(127\.|7f))/i.test(address);
}
