/**
 * The faults that can be asked for, as one union that is parsed at the door of the control endpoint, and the state that
 * they leave a camera in. A fault is on until it is turned off or everything is cleared.
 */
import { z } from 'zod';

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
  /** the recorder misses a stretch that began so many hours ago */
  z.strictObject({ fault: z.literal('recorder-gap'), on, hoursAgo: z.number().min(1).max(720).default(30), hours: z.number().min(0.1).max(700).default(6) }),
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
  recorderGap: { hoursAgo: number; hours: number } | null;
  garbageSoap: boolean;
  hugeReplyBytes: number | null;
  endlessRedirect: boolean;
  silentRtsp: 'connect' | 'play' | null;
  flipsPerKib: number | null;
  size: { widthPx: number; heightPx: number } | null;
  dripMs: number | null;
}

export function healthy(): Suffering {
  return {
    dead: false, frozen: false, black: false, blurRadiusPx: null, shift: null, coverShare: null, clockOffsetMs: 0, wrongHost: null,
    refuseAuth: false, pressed: false, recorderGap: null, garbageSoap: false, hugeReplyBytes: null, endlessRedirect: false,
    silentRtsp: null, flipsPerKib: null, size: null, dripMs: null,
  };
}

/** The state after `fault` came over `before`. */
export function suffer(before: Suffering, fault: Fault): Suffering {
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
    case 'recorder-gap': return { ...before, recorderGap: fault.on ? { hoursAgo: fault.hoursAgo, hours: fault.hours } : null };
    case 'garbage-soap': return { ...before, garbageSoap: fault.on };
    case 'huge-reply': return { ...before, hugeReplyBytes: fault.on ? fault.bytes : null };
    case 'endless-redirect': return { ...before, endlessRedirect: fault.on };
    case 'silent-rtsp': return { ...before, silentRtsp: fault.on ? fault.from : null };
    case 'corrupt-h264': return { ...before, flipsPerKib: fault.on ? fault.flipsPerKib : null };
    case 'resolution-change': return { ...before, size: fault.on ? { widthPx: fault.widthPx, heightPx: fault.heightPx } : null };
    case 'drip': return { ...before, dripMs: fault.on ? fault.everyMs : null };
    case 'clear': return healthy();
    default: return fault satisfies never;
  }
}
