/**
 * Reads an H.264 file (any container) once into groups of pictures, as they were encoded: nothing is decoded here. The loop
 * begins at the first key frame; what comes before it is left out.
 */
import { HedgerowError } from '../../core/errors.js';
import { AV_CODEC_ID_H264, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { FormatContext, Packet } from 'node-av/lib';
import type { AccessUnit, Clip, Gop } from './clip.js';
import { nalType, ticksPerSecond } from './clip.js';
import { isUseful } from './encoder.js';
import { parseAvcConfiguration, splitAnnexB, splitLengthPrefixed } from './h264.js';

/** Longer files are cut here: everything stands in memory. */
const maxBytes = 512 * 1024 * 1024;

interface Raw {
  readonly bytes: Uint8Array;
  readonly key: boolean;
  readonly dts: number;
  readonly pts: number;
}

/**
 * @param file path of the video
 * @throws HedgerowError `config.invalid` when it cannot be read or holds no H.264 video with a key frame
 */
export async function loadVideoFile(file: string): Promise<Clip> {
  const refuse = (why: string): HedgerowError => new HedgerowError('config.invalid', `The video ${file} cannot be played: ${why}.`, { context: { file } });
  const format = new FormatContext();
  try {
    if ((await format.openInput(file)) < 0) throw refuse('it cannot be opened');
    if ((await format.findStreamInfo()) < 0) throw refuse('its streams cannot be read');
    const index = format.findBestStream(AVMEDIA_TYPE_VIDEO);
    const stream = index < 0 ? undefined : format.streams[index];
    if (!stream) throw refuse('it holds no video');
    if (stream.codecpar.codecId !== AV_CODEC_ID_H264) throw refuse('its video is not H.264');
    const extra = stream.codecpar.extradata;
    const avc = extra ? parseAvcConfiguration(new Uint8Array(extra)) : undefined;
    const sets = avc?.parameterSets ?? (extra ? splitAnnexB(new Uint8Array(extra)) : []);
    const { num, den } = stream.timeBase;
    const units = await readUnits(format, index, (num * ticksPerSecond) / den);
    if (units.length === 0) throw refuse('it holds no key frame');
    const rate = stream.avgFrameRate;
    const fps = rate.num > 0 && rate.den > 0 ? rate.num / rate.den : 25;
    return buildClip(units, {
      widthPx: stream.codecpar.width,
      heightPx: stream.codecpar.height,
      fps,
      nalsOf: (bytes) => (avc ? splitLengthPrefixed(bytes, avc.lengthBytes) : splitAnnexB(bytes)),
      sets,
    });
  } finally {
    await format.closeInput();
  }
}

async function readUnits(format: FormatContext, index: number, ticksPerUnit: number): Promise<Raw[]> {
  const packet = new Packet();
  packet.alloc();
  const units: Raw[] = [];
  let total = 0;
  try {
    while (total < maxBytes && (await format.readFrame(packet)) >= 0) {
      const data = packet.data;
      if (packet.streamIndex === index && data && (units.length > 0 || packet.isKeyframe)) {
        const dts = Number(packet.dts) * ticksPerUnit;
        units.push({ bytes: new Uint8Array(data), key: packet.isKeyframe, dts, pts: Number(packet.pts) * ticksPerUnit });
        total += data.length;
      }
      packet.unref();
    }
  } finally {
    packet.free();
  }
  return units;
}

function buildClip(
  units: readonly Raw[],
  form: { widthPx: number; heightPx: number; fps: number; sets: readonly Uint8Array[]; nalsOf: (bytes: Uint8Array) => Uint8Array[] },
): Clip {
  const step = ticksPerSecond / form.fps;
  const origin = units[0]?.dts ?? 0;
  // Raw streams carry no times: then the frame rate makes them.
  const timed = units.every((u, i) => Number.isFinite(u.dts) && Math.abs(u.dts) < 2 ** 52 && (i === 0 || u.dts > (units[i - 1]?.dts ?? 0)));
  const gops: AccessUnit[][] = [];
  const starts: number[] = [];
  units.forEach((unit, i) => {
    const dts = Math.round(timed ? unit.dts - origin : i * step);
    const pts = timed && Number.isFinite(unit.pts) ? Math.round(unit.pts - origin) : dts;
    if (unit.key) {
      gops.push([]);
      starts.push(dts);
    }
    const start = starts[starts.length - 1] ?? 0;
    gops[gops.length - 1]?.push({ nals: withSets(form.nalsOf(unit.bytes).filter(isUseful), unit.key, form.sets), key: unit.key, dtsTicks: dts - start, ptsTicks: pts - start });
  });
  const lastStart = starts[starts.length - 1] ?? 0;
  const lastUnit = gops[gops.length - 1]?.at(-1);
  const frozen: readonly Gop[] = gops;
  return {
    timing: { gopStartTicks: starts, durationTicks: Math.round(lastStart + (lastUnit?.dtsTicks ?? 0) + step), fps: form.fps },
    widthPx: form.widthPx,
    heightPx: form.heightPx,
    gop: (index) => frozen[index],
    prepare: () => undefined,
    ready: Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** A key frame brings its parameter sets along, so that a client can begin at any of them. */
function withSets(nals: Uint8Array[], key: boolean, sets: readonly Uint8Array[]): Uint8Array[] {
  if (!key || nals.some((nal) => nalType(nal) === 7)) return nals;
  return [...sets, ...nals];
}
