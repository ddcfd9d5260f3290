/**
 * One run of the checklist: the ladder, then one conversation with the device (and the fresh ones of the default
 * password), each answer judged as it comes. It subscribes to nothing and writes nothing on the device; its signal ends
 * whatever is left of the conversation. At most a minute.
 */
import { rungNames } from '../contract/camera.js';
import type { CommissioningCheck } from '../contract/commissioning.js';
import type { Onboarding } from '../contract/registry.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { deviceAddressOf, deviceKey } from './device-key.js';
import type { CameraRow } from './camera-rows.js';
import { audioCheck } from './commissioning-checks/audio.js';
import { clockCheck, timeSourceCheck } from './commissioning-checks/clock.js';
import { defaultPasswordCheck } from './commissioning-checks/default-password.js';
import { ladderCheck } from './commissioning-checks/ladder.js';
import { panicInputsCheck, type PressRecord } from './commissioning-checks/panic-inputs.js';
import { poseCheck } from './commissioning-checks/pose.js';
import { privacyZonesCheck, type PrivacyFacts } from './commissioning-checks/privacy-zones.js';
import { recognitionCheck } from './commissioning-checks/recognition.js';
import { recorderCheck } from './commissioning-checks/recorder.js';
import { mainOf, mainStreamCheck, subStreamCheck, type StreamFacts } from './commissioning-checks/streams.js';
import { checkOf, type Asked } from './commissioning-checks/verdicts.js';
import { answered, createQuestions, notAsked, type Questions } from './commissioning-facts.js';
import { probeDefaultLogin } from './default-login.js';
import type { DeviceLeases } from './device-lease.js';
import type { LoginBudget } from './login-budget.js';
import type { MediaProfile, OnvifClient, OnvifDevice, OnvifTarget, ToldPose } from './onvif-client.js';

/** What the register itself knows for the checks. */
export interface KnownFacts extends Omit<PrivacyFacts, 'size' | 'masks'> {
  readonly retentionDays: number;
  /** of the newest run of the camera, for streams that tell no size of themselves */
  readonly runSize: PrivacyFacts['size'];
  /** the newest first */
  readonly presses: readonly PressRecord[];
}

export interface RunParts {
  readonly onboarding: Pick<Onboarding, 'probe'>;
  readonly onvif: OnvifClient;
  readonly guard: AddressGuard;
  readonly leases: DeviceLeases;
  readonly budget: LoginBudget;
  readonly lockoutWindowMs: number;
  readonly clock: Clock;
  /** the camera as it is now; after the ladder it knows more */
  readonly read: () => Promise<CameraRow>;
  readonly password: (row: CameraRow) => string | null;
  readonly known: (row: CameraRow) => Promise<KnownFacts>;
}

export interface RunOutcome {
  /** as it was found, with what the ladder learned */
  readonly row: CameraRow;
  readonly checks: readonly CommissioningCheck[];
  readonly told: ToldPose | null;
}

export const runLimits = { ladderMs: 40_000, totalMs: 60_000 };
const historyDays = 7;
const dayMs = 86_400_000;
const plainStream = 'A plain stream does not tell this; it is asked over ONVIF.';

export async function runChecklist(parts: RunParts, signal: AbortSignal, onCheck: (check: CommissioningCheck) => void): Promise<RunOutcome> {
  const { clock, onboarding } = parts;
  const checks: CommissioningCheck[] = [];
  const emit = (check: CommissioningCheck): void => {
    checks.push(check);
    onCheck(check);
  };
  const [ladderEnd, end] = [new AbortController(), new AbortController()];
  const cancels = [clock.after(runLimits.ladderMs, () => ladderEnd.abort()), clock.after(runLimits.totalMs, () => end.abort())];
  try {
    const { id } = await parts.read();
    const climbing = createQuestions({ signal, deadline: ladderEnd.signal, limitMs: runLimits.ladderMs });
    const rungs = await climbing.ask(() => onboarding.probe(id, AbortSignal.any([signal, ladderEnd.signal])));
    emit(ladderCheck(rungs));
    const row = await parts.read();
    const failed = rungs.status === 'answered' ? rungs.value.find((r) => r.status === 'fail')?.name : rungNames[0];
    const passed = (name: (typeof rungNames)[number]): boolean => row.protocol === 'onvif' && (failed === undefined || rungNames.indexOf(name) < rungNames.indexOf(failed));
    const stops = row.protocol === 'rtsp' ? plainStream : `Not asked: the ladder stops${rungs.status === 'answered' ? ` at "${failed}"` : ''}.`;
    const reached = { clock: passed('clock'), services: passed('services') };
    const told = await converse(parts, row, { reached, stops, signal, end: end.signal, emit });
    return { row, checks, told };
  } finally {
    for (const cancel of cancels) cancel();
    ladderEnd.abort();
    end.abort();
  }
}

interface Talk {
  readonly reached: { readonly clock: boolean; readonly services: boolean };
  /** why a device is not asked */
  readonly stops: string;
  readonly signal: AbortSignal;
  readonly end: AbortSignal;
  readonly emit: (check: CommissioningCheck) => void;
}

async function converse(parts: RunParts, row: CameraRow, talk: Talk): Promise<ToldPose | null> {
  const { reached, stops, signal, end } = talk;
  const questions = createQuestions({ signal, deadline: end, limitMs: runLimits.totalMs });
  if (!reached.clock) return judge(parts, row, talk, questions, notAsked(stops), end);
  const address = await questions.ask(async () => deviceKey(await deviceAddressOf(parts.guard, row.address)));
  // Nobody climbs on it, or tries log-ins, while it is asked.
  const held = await questions.from(address, (device) =>
    parts.leases.hold(device, AbortSignal.any([signal, end]), async (kept) => {
      const device = await questions.ask(() => parts.onvif.open(targetOf(parts, row), kept));
      return judge(parts, row, talk, questions, device, kept);
    }),
  );
  return held.status === 'answered' ? held.value : judge(parts, row, talk, questions, held, end);
}

/** Asks and judges, in the order of the checklist. */
async function judge(parts: RunParts, row: CameraRow, { reached, stops, emit }: Talk, questions: Questions, device: Asked<OnvifDevice>, kept: AbortSignal): Promise<ToldPose | null> {
  const { clock, onvif, budget } = parts;
  const from: Questions['from'] = (needs, work) => questions.from(needs, work);
  const known = await parts.known(row);
  const time = await from(device, (d) => d.clock());
  const talk = device.status === 'answered' && !reached.services ? notAsked(stops) : device;
  const served = await from(talk, async (d) => ({ device: d, services: await d.services() }));

  const profiles = await from(served, ({ device: d, services }) => d.profiles(services));
  const streams: Asked<StreamFacts> = profiles.status === 'answered' ? answered({ profiles: ofSource(profiles.value, row), usedToken: row.profileToken, sampleIntervalMs: row.sampleIntervalMs, decoded: known.runSize }) : profiles;
  const own = streams.status === 'answered' ? streams.value.profiles : [];
  const main = mainOf(own);
  const used = own.find((p) => p.token === row.profileToken) ?? main ?? null;
  emit(subStreamCheck(streams));
  emit(mainStreamCheck(streams));

  emit(clockCheck(time, { localAsUtc: device.status === 'answered' && device.value.deviations.includes('local-time-as-utc') }));
  emit(timeSourceCheck(time, await from(served, ({ device: d }) => d.networkTime())));

  const untilMs = clock.nowMs();
  const fromMs = untilMs - Math.min(historyDays, known.retentionDays) * dayMs;
  emit(recorderCheck(await from(served, async ({ device: d, services }) => ({ facts: await d.recorder(services, fromMs, untilMs, row.sourceToken), fromMs, untilMs, retentionDays: known.retentionDays }))));
  emit(audioCheck(streams));
  emit(recognitionCheck(await from(served, ({ device: d, services }) => d.analytics(services)), served.status === 'answered' && served.value.services.analytics !== null));

  // Our own log-in was taken: it is known which way the device wants it, and that the device is not locked.
  emit(defaultPasswordCheck(await from(served, () => probeDefaultLogin({ ...targetOf(parts, row), manufacturer: row.manufacturer }, { onvif, budget, windowMs: parts.lockoutWindowMs }, kept))));

  const told = await from(served, ({ device: d, services }) => d.toldPose(services, used));
  emit(poseCheck(known.pose, told));
  const masks = await from(served, ({ device: d, services }) => (used === null ? Promise.resolve(null) : d.masks(services, used)));
  emit(privacyZonesCheck({ ...known, size: sizeOf(main) ?? sizeOf(used) ?? known.runSize, masks }));
  if (row.protocol === 'rtsp') emit(checkOf('panic-inputs', 'not-applicable', 'A plain stream has no contacts that can be listened to.', ''));
  else emit(panicInputsCheck(await from(served, ({ device: d, services }) => d.digitalInputs(services)), known.presses, clock.nowMs()));
  return told.status === 'answered' ? told.value : null;
}

function targetOf(parts: RunParts, row: CameraRow): OnvifTarget {
  return { url: row.address, username: row.username, password: parts.password(row), authMode: row.authMode as OnvifTarget['authMode'] };
}

/** Of a recorder those of the camera's own channel; a device that names no sources has one. */
function ofSource(profiles: readonly MediaProfile[], row: CameraRow): readonly MediaProfile[] {
  const source = row.sourceToken ?? profiles.find((p) => p.token === row.profileToken)?.sourceToken ?? profiles[0]?.sourceToken ?? null;
  const own = profiles.filter((p) => p.sourceToken === source);
  return own.length === 0 ? profiles : own;
}

function sizeOf(profile: MediaProfile | null | undefined): PrivacyFacts['size'] {
  return profile?.widthPx && profile.heightPx ? { widthPx: profile.widthPx, heightPx: profile.heightPx } : null;
}
