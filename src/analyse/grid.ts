/**
 * The blocks that a picture is divided into. Gate, backdrop and mask all speak of the same blocks, so that "masked" and
 * "learned" mean the same pixels. A block is a whole number of JPEG blocks (8 px), and each is halves of 2x2 px.
 */
import { containsPoint, type Polygon } from '../core/polygon.js';

export interface Grid {
  readonly widthPx: number;
  readonly heightPx: number;
  /** edge of a block, a multiple of 8; the last column and row may be narrower */
  readonly blockPx: number;
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
}

/** Blocks from (c0, r0) up to, not including, (c1, r1). */
export interface BlockSpan {
  readonly c0: number;
  readonly r0: number;
  readonly c1: number;
  readonly r1: number;
}

/** @param blockPx rounded up to a multiple of 8 */
export function createGrid(widthPx: number, heightPx: number, blockPx: number): Grid {
  const edge = Math.max(8, Math.ceil(blockPx / 8) * 8);
  const columns = Math.ceil(widthPx / edge);
  const rows = Math.ceil(heightPx / edge);
  return { widthPx, heightPx, blockPx: edge, columns, rows, count: columns * rows };
}

/** Every block that a box touches. */
export function spanOf(grid: Grid, xPx: number, yPx: number, widthPx: number, heightPx: number): BlockSpan {
  const clamp = (value: number, max: number): number => Math.max(0, Math.min(max, value));
  return {
    c0: clamp(Math.floor(xPx / grid.blockPx), grid.columns),
    r0: clamp(Math.floor(yPx / grid.blockPx), grid.rows),
    c1: clamp(Math.ceil((xPx + widthPx) / grid.blockPx), grid.columns),
    r1: clamp(Math.ceil((yPx + heightPx) / grid.blockPx), grid.rows),
  };
}

export function forSpan(grid: Grid, span: BlockSpan, visit: (block: number) => void): void {
  for (let r = span.r0; r < span.r1; r++) for (let c = span.c0; c < span.c1; c++) visit(r * grid.columns + c);
}

/** Sets in `target` every block that is set in `source`, and its eight neighbours. */
export function growInto(grid: Grid, source: Uint8Array, target: Uint8Array): void {
  const { columns, rows } = grid;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      if (source[r * columns + c] === 0) continue;
      const r1 = Math.min(rows - 1, r + 1);
      const c1 = Math.min(columns - 1, c + 1);
      for (let y = Math.max(0, r - 1); y <= r1; y++) for (let x = Math.max(0, c - 1); x <= c1; x++) target[y * columns + x] = 1;
    }
  }
}

/**
 * Every block that a polygon touches: a point of the block's 5x5 lattice is inside, an edge passes through it, or a corner lies in it.
 * Never less than the polygon.
 */
export function blocksOfPolygon(grid: Grid, polygon: Polygon, target: Uint8Array): void {
  const toX = grid.widthPx / grid.blockPx;
  const toY = grid.heightPx / grid.blockPx;
  const mark = (x: number, y: number): void => {
    const c = Math.min(grid.columns - 1, Math.max(0, Math.floor(x * toX)));
    const r = Math.min(grid.rows - 1, Math.max(0, Math.floor(y * toY)));
    target[r * grid.columns + c] = 1;
  };
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const a = polygon[j];
    const b = polygon[i];
    if (!a || !b) continue;
    const steps = Math.ceil(8 * (Math.abs(a[0] - b[0]) * toX + Math.abs(a[1] - b[1]) * toY)) + 1;
    for (let s = 0; s <= steps; s++) mark(a[0] + ((b[0] - a[0]) * s) / steps, a[1] + ((b[1] - a[1]) * s) / steps);
  }
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.columns; c++) {
      for (let k = 0; k < 25 && target[r * grid.columns + c] === 0; k++) {
        if (containsPoint(polygon, (c + ((k % 5) + 0.5) / 5) / toX, (r + (Math.floor(k / 5) + 0.5) / 5) / toY)) target[r * grid.columns + c] = 1;
      }
    }
  }
}

/** Sets what is not set but enclosed: parts of at most `maxBlocks` blocks without a way (by edges) to a larger open part. */
export function fillIslands(grid: Grid, blocks: Uint8Array, maxBlocks: number): void {
  const { columns, rows, count } = grid;
  const seen = new Uint8Array(count);
  for (let start = 0; start < count; start++) {
    if (blocks[start] !== 0 || seen[start] !== 0) continue;
    const part = [start];
    seen[start] = 1;
    for (let i = 0; i < part.length; i++) {
      const block = part[i] as number;
      const column = block % columns;
      const row = Math.floor(block / columns);
      const near = [column > 0 ? block - 1 : -1, column + 1 < columns ? block + 1 : -1, row > 0 ? block - columns : -1, row + 1 < rows ? block + columns : -1];
      for (const next of near) {
        if (next < 0 || blocks[next] !== 0 || seen[next] !== 0) continue;
        seen[next] = 1;
        part.push(next);
      }
    }
    if (part.length <= maxBlocks) for (const block of part) blocks[block] = 1;
  }
}
