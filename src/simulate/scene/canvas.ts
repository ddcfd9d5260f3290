/** Collects SVG for a part of a scene, with points in metres. Numbers are rounded, so that the text is always the same. */
import type { Px, Spot, View } from './view.js';

export interface Canvas {
  readonly view: View;
  /** A filled face. */
  face(spots: readonly Spot[], fill: string, more?: string): void;
  line(from: Spot, to: Spot, stroke: string, widthM: number, more?: string): void;
  add(svg: string): void;
  /** @returns what to fill with; `stops` are [offset 0..1, colour] from top to bottom, or along the given direction */
  gradient(stops: readonly (readonly [offset: number, colour: string])[], direction?: 'down' | 'across'): string;
  /** The whole drawing, moved so that (leftPx, topPx) is its corner. */
  svg(leftPx?: number, topPx?: number, widthPx?: number, heightPx?: number): Buffer;
}

export const round = (n: number): string => String(Math.round(n * 100) / 100);

export function createCanvas(view: View): Canvas {
  const parts: string[] = [];
  const defs: string[] = [];
  const at = (spot: Spot): Px => view.project(spot);
  return {
    view,
    face(spots, fill, more = '') {
      parts.push(`<polygon points="${spots.map((s) => at(s).map(round).join(',')).join(' ')}" fill="${fill}" ${more}/>`);
    },
    line(from, to, stroke, widthM, more = '') {
      const [a, b] = [at(from), at(to)];
      const width = Math.max(0.35, widthM * view.pxPerM((from[2] + to[2]) / 2));
      parts.push(`<line x1="${round(a[0])}" y1="${round(a[1])}" x2="${round(b[0])}" y2="${round(b[1])}" stroke="${stroke}" stroke-width="${round(width)}" ${more}/>`);
    },
    add: (svg) => void parts.push(svg),
    gradient(stops, direction = 'down') {
      const id = `g${defs.length}`;
      const axis = direction === 'down' ? 'x1="0" y1="0" x2="0" y2="1"' : 'x1="0" y1="0" x2="1" y2="0"';
      defs.push(`<linearGradient id="${id}" ${axis}>${stops.map(([o, c]) => `<stop offset="${o}" stop-color="${c}"/>`).join('')}</linearGradient>`);
      return `url(#${id})`;
    },
    svg(left = 0, top = 0, width = view.widthPx, height = view.heightPx) {
      return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}"><defs>${defs.join('')}</defs>${parts.join('')}</svg>`);
    },
  };
}

/** A colour made lighter (amount > 0) or darker (amount < 0), -1..1. */
export function shade(colour: string, amount: number): string {
  const target = amount > 0 ? 255 : 0;
  const parts = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return `#${parts.map((p) => Math.round(p + (target - p) * Math.abs(amount)).toString(16).padStart(2, '0')).join('')}`;
}
