/** Pictures for people to look at: crops around what was missed, and many pictures on one sheet. Stored pictures only, never a frame. */
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import type { Area } from './mask-score.js';

export interface Sheet {
  /** Keeps an even choice of what it is given. */
  add(group: string, label: string, jpeg: Uint8Array): void;
  write(file: string): Promise<number>;
}

const across = 5;
const tile = { width: 400, height: 300 };

/** @param size pictures on the sheet */
export function createSheet(size: number): Sheet {
  const groups = new Map<string, { every: number; seen: number; kept: { label: string; jpeg: Uint8Array }[] }>();
  return {
    add(group, label, jpeg) {
      const g = groups.get(group) ?? { every: 1, seen: 0, kept: [] };
      groups.set(group, g);
      if (g.seen++ % g.every !== 0) return;
      g.kept.push({ label, jpeg });
      if (g.kept.length <= 2 * size) return;
      g.kept = g.kept.filter((_, i) => i % 2 === 0);
      g.every *= 2;
    },
    async write(file) {
      const share = Math.ceil(size / Math.max(1, groups.size));
      const chosen: { label: string; jpeg: Uint8Array }[] = [];
      const spare: { label: string; jpeg: Uint8Array }[] = [];
      for (const { kept } of groups.values()) {
        const own = Math.min(share, kept.length);
        const picked = new Set(Array.from({ length: own }, (_, k) => Math.floor(((k + 0.5) * kept.length) / own)));
        kept.forEach((entry, i) => (picked.has(i) ? chosen : spare).push(entry));
      }
      for (let i = 0, left = size - chosen.length; i < left && i < spare.length; i++) chosen.push(spare[Math.floor((i * spare.length) / left)] ?? (spare[i] as { label: string; jpeg: Uint8Array }));
      const shown = chosen.slice(0, size);
      const parts = await Promise.all(shown.map(async ({ label, jpeg }, i) => ({
        input: await sharp(jpeg).resize(tile.width, tile.height - 20, { fit: 'contain', background: '#222' }).extend({ bottom: 20, background: '#222' })
          .composite([{ input: Buffer.from(`<svg width="${tile.width}" height="${tile.height}"><text x="6" y="${tile.height - 6}" font-family="DejaVu Sans, sans-serif" font-size="13" fill="#eee">${label.replace(/[<&>]/g, ' ')}</text></svg>`) }])
          .png().toBuffer(),
        left: (i % across) * tile.width,
        top: Math.floor(i / across) * tile.height,
      })));
      const rows = Math.max(1, Math.ceil(shown.length / across));
      writeFileSync(file, await sharp({ create: { width: across * tile.width, height: rows * tile.height, channels: 3, background: '#222' } }).composite(parts).jpeg({ quality: 85 }).toBuffer());
      return shown.length;
    },
  };
}

/** The box with as much again around it, from a stored picture, large enough to see. */
export async function writeCrop(jpeg: Uint8Array, area: Area, file: string): Promise<void> {
  const { width, height } = await sharp(jpeg).metadata();
  const left = Math.max(0, Math.floor(area.x - area.w));
  const top = Math.max(0, Math.floor(area.y - area.h / 2));
  const w = Math.min(width, Math.ceil(area.x + 2 * area.w)) - left;
  const h = Math.min(height, Math.ceil(area.y + 1.5 * area.h)) - top;
  if (w < 1 || h < 1) return;
  const scale = Math.max(1, Math.min(8, Math.round(320 / h)));
  const frame = `<svg width="${w * scale}" height="${h * scale}"><rect x="${(area.x - left) * scale}" y="${(area.y - top) * scale}" width="${area.w * scale}" height="${area.h * scale}" fill="none" stroke="#f0f" stroke-width="1"/></svg>`;
  const part = await sharp(jpeg).extract({ left, top, width: w, height: h }).resize(w * scale, h * scale, { kernel: 'nearest' }).png().toBuffer();
  writeFileSync(file, await sharp(part).composite([{ input: Buffer.from(frame) }]).jpeg({ quality: 92 }).toBuffer());
}
