/**
 * The faults and traits that can be asked for, as one union that is parsed at the door of the control endpoint, and the state that
 * they leave a camera in. A fault is on until it is turned off or everything is cleared.
 */
import { z } from 'zod';
import { isSituation, situationSchemas, withSituation, type Situation } from './scene/situation.js';

const on = z.boolean().default(true);
const ratio = z.number().min(-0.5).max(0.5);
const evenPx = z.number().int().min(32).max(3840).multipleOf(2);

export const faultSchema = z.discriminatedUnion('fault', [
  /** power off: the ONVIF port refuses, streams end, the RTSP mounts hang up, discovery is silent */
  z.strictObject({ fault: z.literal('die'), on }),
  /** the same picture for ever, RTP time goes on */
  z.strictObject({ fault: z.literal('freeze'), on }),
  z.strictObject({ fault: z.literal('black'), on }),
  z.strictObject({ fault: z.literal('blur'), on, radiusPx: z.number().int().min(1).max(40).default(7) }),
  /** the camera was knocked: the picture moves by these shares of its width and height */
  z.strictObject({ fault: z.literal('shift'), on, dxRatio: ratio.default(0.12), dyRatio: ratio.default(0.04) }),
  /** a cloth over this share of the picture's width, from the left */
  z.strictObject({ fault: z.literal('cover'), on, share: z.number().min(0.05).max(1).default(1) }),
  /** the camera's clock is off by so many seconds */
  z.strictObject({ fault: z.literal('clock'), on, offsetSeconds: z.number().min(-2e9).max(2e9).default(3600) }),
  /** addresses in replies and discovery name this host */
  z.strictObject({ fault: z.literal('wrong-xaddr'), on, host: z.string().regex(/^[A-Za-z0-9.:[\]-]{1,100}$/).default('192.0.2.7') }),
  z.strictObject({ fault: z.literal('refuse-auth'), on }),
  /** the panic button on the digital input */
  z.strictObject({ fault: z.literal('press'), on }),
  /** the recorder misses a stretch that began so many hours ago; of one channel, counted from 1, or of all */
  z.strictObject({ fault: z.literal('recorder-gap'), on, hoursAgo: z.number().min(1).max(720).default(30), hours: z.number().min(0.1).max(700).default(6), channel: z.number().int().min(1).max(64).nullable().default(null) }),
  /** replies that are not SOAP: bytes, HTML, XML that is cut off, an entity bomb, in turn */
  z.strictObject({ fault: z.literal('garbage-soap'), on }),
  z.strictObject({ fault: z.literal('huge-reply'), on, bytes: z.number().int().min(1).max(256 * 1024 * 1024).default(10 * 1024 * 1024) }),
  z.strictObject({ fault: z.literal('endless-redirect'), on }),
  /** accepts and never sends: nothing at all, or after PLAY was answered */
  z.strictObject({ fault: z.literal('silent-rtsp'), on, from: z.enum(['connect', 'play']).default('play') }),
  /** so many flipped bits in a thousand bytes of slice data */
  z.strictObject({ fault: z.literal('corrupt-h264'), on, flipsPerKib: z.number().min(0.01).max(1000).default(4) }),
  z.strictObject({ fault: z.literal('resolution-change'), on, widthPx: evenPx.default(480), heightPx: evenPx.default(272) }),
  /** replies come in pieces of 16 bytes, this far apart */
  z.strictObject({ fault: z.literal('drip'), on, everyMs: z.number().int().min(1).max(60_000).default(500) }),
  /** the account of the factory is there too: admin with `admin`, or with no password */
  z.strictObject({ fault: z.literal('default-password'), on, password: z.enum(['admin', '']).default('admin') }),
  /** an audio source and an audio encoder are part of each profile, and the recorder has an audio track */
  z.strictObject({ fault: z.literal('audio'), on }),
  /** something on the device is told to recognise: a rule, a topic, or both */
  z.strictObject({ fault: z.literal('recognition'), on, what: z.enum(['rule', 'topic', 'both']).default('both') }),
  /** there is no sub-stream */
  z.strictObject({ fault: z.literal('main-only'), on }),
  /** so long from one key frame to the next, in what is told and in what is sent */
  z.strictObject({ fault: z.literal('long-gop'), on, seconds: z.number().int().min(2).max(20).default(10) }),
  /** Profile G refuses every question */
  z.strictObject({ fault: z.literal('no-search'), on }),
  /** the recorder tells its summary, and finds nothing */
  z.strictObject({ fault: z.literal('summary-only'), on }),
  /** a search is still under way for so many questions */
  z.strictObject({ fault: z.literal('slow-search'), on, questions: z.number().int().min(1).max(10_000).default(3) }),
  /** `MaximumRetentionTime` in days: 0 is "no limit", null is not told */
  z.strictObject({ fault: z.literal('retention'), on, days: z.number().min(0).max(3650).nullable().default(null) }),
  /** the clock is set by hand, by DHCP's server, or GetNTP is unknown */
  z.strictObject({ fault: z.literal('ntp'), on, how: z.enum(['off', 'dhcp', 'unsupported']).default('off') }),
  /**
   * What becomes of SetUser: refused; answered with 200 and forgotten; answered late; the device restarts instead of
   * answering and is away for so long. `applied`: whether it has the new password after that.
   */
  z.strictObject({ fault: z.literal('set-password'), on, mode: z.enum(['refuse', 'lie', 'slow', 'die-after']).default('refuse'), seconds: z.number().min(0.1).max(120).default(3), applied: z.boolean().default(true) }),
  /** somebody entered where the device stands and looks; what is left out is as it really is */
  z.strictObject({
    fault: z.literal('geo'), on,
    longitude: z.number().min(-180).max(180).nullable().default(null), latitude: z.number().min(-90).max(90).nullable().default(null),
    azimuthDeg: z.number().min(0).max(360).nullable().default(null), tiltDeg: z.number().min(-90).max(90).default(12),
  }),
  /** so many wrong log-ins lock, for so long */
  z.strictObject({ fault: z.literal('lockout'), on, after: z.number().int().min(1).max(100).default(3), seconds: z.number().min(0.1).max(3600).default(60) }),
  /** the level of the account that the village gives out */
  z.strictObject({ fault: z.literal('account-level'), on, level: z.enum(['Administrator', 'Operator', 'User']).default('User') }),
  /** a privacy mask of the device's own, normalised, y down; told, not painted */
  z.strictObject({ fault: z.literal('mask'), on, x: z.number().min(0).max(1).default(0), y: z.number().min(0).max(1).default(0), width: z.number().min(0.01).max(1).default(0.25), height: z.number().min(0.01).max(1).default(0.25), enabled: z.boolean().default(true) }),
  /**
   * Power off for so long; then, for `firstSeconds`, a black picture or one whose lower half was not received, and a clock that
   * is off until the device has asked for the time again. It ends by itself.
   */
  z.strictObject({ fault: z.literal('reboot'), on, downSeconds: z.number().min(0.1).max(600).default(20), firstPicture: z.enum(['black', 'half', 'whole']).default('black'), firstSeconds: z.number().min(0.1).max(60).default(3), clockOffsetSeconds: z.number().min(-2e9).max(2e9).default(-86_400) }),
  /** who stays in the scene, light, weather: as in `scene/situation.ts` */
  ...situationSchemas,
  z.strictObject({ fault: z.literal('clear') }),
]);
export type Fault = z.infer<typeof faultSchema>;
/** As it is written down by a caller: what has a default may be left out. */
export type FaultInput = z.input<typeof faultSchema>;
export type FaultName = Fault['fault'];
export const faultNames: readonly FaultName[] = faultSchema.options.map((o) => o.shape.fault.value);

/** What a camera suffers from now. */
export interface Suffering {
  dead: boolean;
  frozen: boolean;
  black: boolean;
  blurRadiusPx: number | null;
  shift: { dxRatio: number; dyRatio: number } | null;
  coverShare: number | null;
  clockOffsetMs: number;
  wrongHost: string | null;
  refuseAuth: boolean;
  pressed: boolean;
  recorderGap: { hoursAgo: number; hours: number; channel: number | null } | null;
  garbageSoap: boolean;
  hugeReplyBytes: number | null;
  endlessRedirect: boolean;
  silentRtsp: 'connect' | 'play' | null;
  flipsPerKib: number | null;
  size: { widthPx: number; heightPx: number } | null;
  dripMs: number | null;
  defaultPassword: 'admin' | '' | null;
  audio: boolean;
  recognition: 'rule' | 'topic' | 'both' | null;
  mainOnly: boolean;
  gopSeconds: number | null;
  noSearch: boolean;
  summaryOnly: boolean;
  searchQuestions: number;
  retention: { days: number | null } | null;
  ntp: 'off' | 'dhcp' | 'unsupported' | null;
  setPassword: { mode: 'refuse' | 'lie' | 'slow' | 'die-after'; seconds: number; applied: boolean } | null;
  geo: { longitude: number | null; latitude: number | null; azimuthDeg: number | null; tiltDeg: number } | null;
  lockout: { after: number; seconds: number } | null;
  accountLevel: 'Administrator' | 'Operator' | 'User';
  mask: { x: number; y: number; width: number; height: number; enabled: boolean } | null;
  /** how the picture is wrong just after the device has started */
  firstPicture: 'black' | 'half' | null;
  situations: readonly Situation[];
}

export function healthy(): Suffering {
  return {
    dead: false, frozen: false, black: false, blurRadiusPx: null, shift: null, coverShare: null, clockOffsetMs: 0, wrongHost: null,
    refuseAuth: false, pressed: false, recorderGap: null, garbageSoap: false, hugeReplyBytes: null, endlessRedirect: false,
    silentRtsp: null, flipsPerKib: null, size: null, dripMs: null, defaultPassword: null, audio: false, recognition: null, mainOnly: false,
    gopSeconds: null, noSearch: false, summaryOnly: false, searchQuestions: 0, retention: null, ntp: null, setPassword: null, geo: null,
    lockout: null, accountLevel: 'Administrator', mask: null, firstPicture: null, situations: [],
  };
}

/** The state after `fault` came over `before`. */
export function suffer(before: Suffering, fault: Fault): Suffering {
  if (isSituation(fault)) return { ...before, situations: withSituation(before.situations, fault) };
  switch (fault.fault) {
    case 'die': return { ...before, dead: fault.on };
    case 'freeze': return { ...before, frozen: fault.on };
    case 'black': return { ...before, black: fault.on };
    case 'blur': return { ...before, blurRadiusPx: fault.on ? fault.radiusPx : null };
    case 'shift': return { ...before, shift: fault.on ? { dxRatio: fault.dxRatio, dyRatio: fault.dyRatio } : null };
    case 'cover': return { ...before, coverShare: fault.on ? fault.share : null };
    case 'clock': return { ...before, clockOffsetMs: fault.on ? Math.round(fault.offsetSeconds * 1000) : 0 };
    case 'wrong-xaddr': return { ...before, wrongHost: fault.on ? fault.host : null };
    case 'refuse-auth': return { ...before, refuseAuth: fault.on };
    case 'press': return { ...before, pressed: fault.on };
    case 'recorder-gap': return { ...before, recorderGap: fault.on ? { hoursAgo: fault.hoursAgo, hours: fault.hours, channel: fault.channel } : null };
    case 'garbage-soap': return { ...before, garbageSoap: fault.on };
    case 'huge-reply': return { ...before, hugeReplyBytes: fault.on ? fault.bytes : null };
    case 'endless-redirect': return { ...before, endlessRedirect: fault.on };
    case 'silent-rtsp': return { ...before, silentRtsp: fault.on ? fault.from : null };
    case 'corrupt-h264': return { ...before, flipsPerKib: fault.on ? fault.flipsPerKib : null };
    case 'resolution-change': return { ...before, size: fault.on ? { widthPx: fault.widthPx, heightPx: fault.heightPx } : null };
    case 'drip': return { ...before, dripMs: fault.on ? fault.everyMs : null };
    case 'default-password': return { ...before, defaultPassword: fault.on ? fault.password : null };
    case 'audio': return { ...before, audio: fault.on };
    case 'recognition': return { ...before, recognition: fault.on ? fault.what : null };
    case 'main-only': return { ...before, mainOnly: fault.on };
    case 'long-gop': return { ...before, gopSeconds: fault.on ? fault.seconds : null };
    case 'no-search': return { ...before, noSearch: fault.on };
    case 'summary-only': return { ...before, summaryOnly: fault.on };
    case 'slow-search': return { ...before, searchQuestions: fault.on ? fault.questions : 0 };
    case 'retention': return { ...before, retention: fault.on ? { days: fault.days } : null };
    case 'ntp': return { ...before, ntp: fault.on ? fault.how : null };
    case 'set-password': return { ...before, setPassword: fault.on ? { mode: fault.mode, seconds: fault.seconds, applied: fault.applied } : null };
    case 'geo': return { ...before, geo: fault.on ? { longitude: fault.longitude, latitude: fault.latitude, azimuthDeg: fault.azimuthDeg, tiltDeg: fault.tiltDeg } : null };
    case 'lockout': return { ...before, lockout: fault.on ? { after: fault.after, seconds: fault.seconds } : null };
    case 'account-level': return { ...before, accountLevel: fault.on ? fault.level : 'Administrator' };
    case 'mask': return { ...before, mask: fault.on ? { x: fault.x, y: fault.y, width: fault.width, height: fault.height, enabled: fault.enabled } : null };
    case 'reboot': return fault.on
      ? { ...before, dead: true, firstPicture: fault.firstPicture === 'whole' ? null : fault.firstPicture, clockOffsetMs: Math.round(fault.clockOffsetSeconds * 1000) }
      : { ...before, dead: false, firstPicture: null, clockOffsetMs: 0 };
    case 'clear': return healthy();
    default: return fault satisfies never;
  }
}
