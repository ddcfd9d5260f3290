/** The same footage in another light, made on the fly and the same in every run: what is masked must not hang on good weather. */
import sharp from 'sharp';
import type { DecodedFrame } from './mask-media.js';

export const lights = ['as-is', 'dusk', 'infrared', 'rain', 'pumping', 'low-bitrate'] as const;
export type Light = (typeof lights)[number];

/** @param sample counts samples of the clip's play, not frames: noise and rain differ from loop to loop, as they would */
export async function relight(frame: DecodedFrame, light: Light, sample: number): Promise<DecodedFrame> {
  switch (light) {
    case 'as-is':
      return frame;
    case 'dusk':
      return { ...frame, rgb: noisy(mapped(frame.rgb, (v) => 190 * (v / 255) ** 1.7), 5, sample) };
    case 'infrared':
      return { ...frame, rgb: noisy(infrared(frame), 4, sample) };
    case 'rain':
      return { ...frame, rgb: rainy(frame, sample) };
    case 'pumping':
      return { ...frame, rgb: mapped(frame.rgb, (v) => v * (1 + 0.22 * Math.sin((2 * Math.PI * sample) / 11))) };
    case 'low-bitrate':
      return { ...frame, rgb: await crushed(frame) };
    default:
      return light satisfies never;
  }
}

function mapped(rgb: Uint8Array, by: (value: number) => number): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, v) => Math.max(0, Math.min(255, Math.round(by(v)))));
  return rgb.map((v) => table[v] as number);
}

/** Grey, brighter in the middle, as lamps around a lens light it. */
function infrared({ rgb, widthPx, heightPx }: DecodedFrame): Uint8Array {
  const out = new Uint8Array(rgb.length);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const i = (y * widthPx + x) * 3;
      const luma = (77 * (rgb[i] as number) + 150 * (rgb[i + 1] as number) + 29 * (rgb[i + 2] as number)) >> 8;
      const away = ((2 * x) / widthPx - 1) ** 2 + ((2 * y) / heightPx - 1) ** 2;
      out.fill(Math.max(0, Math.min(255, Math.round(luma * (1.2 - 0.35 * away)))), i, i + 3);
    }
  }
  return out;
}

/** Normal noise, its own for each sample. */
function noisy(rgb: Uint8Array, deviation: number, sample: number): Uint8Array {
  const next = random(sample);
  const normal = Float32Array.from({ length: 4096 }, () => deviation * Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next()));
  const out = new Uint8Array(rgb.length);
  let at = 0;
  for (let i = 0; i < rgb.length; i++) {
    // A stride that changes now and then, so that the table leaves no pattern.
    if (i % 997 === 0) at = Math.floor(next() * 4096);
    at = (at + 1) & 4095;
    out[i] = Math.max(0, Math.min(255, Math.round((rgb[i] as number) + (normal[at] as number))));
  }
  return out;
}

/** Slanting bright streaks and a little haze. */
function rainy({ rgb, widthPx, heightPx }: DecodedFrame, sample: number): Uint8Array {
  const next = random(sample);
  const out = mapped(rgb, (v) => 0.85 * v + 24);
  for (let n = Math.round((widthPx * heightPx) / 1800); n > 0; n--) {
    const length = 8 + Math.floor(next() * 22);
    const [x0, y0] = [next() * widthPx, next() * heightPx];
    const strength = 0.2 + 0.3 * next();
    for (let k = 0; k < length; k++) {
      const x = Math.floor(x0 - 0.2 * k);
      const y = Math.floor(y0 + k);
      if (x < 0 || y >= heightPx) break;
      for (let i = (y * widthPx + x) * 3, end = i + 3; i < end; i++) out[i] = Math.round((out[i] as number) * (1 - strength) + 225 * strength);
    }
  }
  return out;
}

async function crushed({ rgb, widthPx, heightPx }: DecodedFrame): Promise<Uint8Array> {
  const jpeg = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } }).jpeg({ quality: 20 }).toBuffer();
  return new Uint8Array(await sharp(jpeg).raw().toBuffer());
}

/** Mulberry32. */
function random(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
