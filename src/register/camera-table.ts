/** A table of cameras as the import sees it, whatever file it came from: CSV (`csv-table.ts`) or JSON (`camera-json.ts`). */
import type { CameraPatch } from '../contract/camera.js';
import type { ColumnName } from './csv-columns.js';

export const tableLimits = { bytes: 16 * 1024 * 1024, rows: 50_000, recordChars: 64 * 1024 } as const;

/** What is wrong with one cell; an empty column means the row. */
export interface CellFault {
  readonly column: ColumnName | '';
  readonly reason: string;
}

export interface TableRow {
  /** where the row begins: 1-based line of a CSV, 1-based element of a JSON array */
  readonly line: number;
  /** name or id as it is written; empty when the row says none */
  readonly site: string;
  /** what the row says; a field that it does not name stays as it is, or takes its default */
  readonly fields: CameraPatch;
  readonly faults: readonly CellFault[];
  /** why the row as a whole cannot be read; there are no fields then */
  readonly fault: string | null;
}

export interface CameraTable {
  readonly rows: readonly TableRow[];
  /** headings or keys that are not read */
  readonly ignored: readonly string[];
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/u;

/** No database column and no terminal takes them. Tabs and line ends are text. */
export function holdsControl(text: string): boolean {
  return control.test(text);
}
