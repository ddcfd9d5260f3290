/** A JSON array of camera objects, with the names of the API's fields, to rows of cameras. `{"items": […]}` is read as well. */
import { HedgerowError } from '../core/errors.js';
import { tableLimits, type CameraTable, type CellFault, type TableRow } from './camera-table.js';
import { fieldOf, readValue, type ColumnName } from './csv-columns.js';
import { ElementsFault, readElements, type Element } from './json-elements.js';
import { decodeText } from './text-decoding.js';

const limits = { elements: tableLimits.rows, elementBytes: tableLimits.recordChars, elementNodes: 1_000, depth: 16 };
const ignoredAtMost = 50;

const columnByField = new Map<string, ColumnName>([
  ...(Object.entries(fieldOf) as [Exclude<ColumnName, 'site'>, string][]).map(([column, field]) => [field, column] as const),
  ['site', 'site'],
  ['siteId', 'site'],
]);

/** @throws HedgerowError `csv.invalid`, `request.too-large` */
export async function readCameraJson(bytes: Uint8Array): Promise<CameraTable> {
  if (bytes.byteLength > tableLimits.bytes) throw new HedgerowError('request.too-large', `The table has ${bytes.byteLength} bytes; at most ${tableLimits.bytes} are read.`);
  const rows: TableRow[] = [];
  const ignored = new Set<string>();
  try {
    await readElements(await decodeText(bytes, 'csv.invalid'), 'items', limits, (element) => rows.push(readRow(element, ignored)));
  } catch (thrown) {
    if (!(thrown instanceof ElementsFault)) throw thrown;
    const form = 'A table in JSON is an array of cameras, or an object with such an array "items"';
    throw new HedgerowError(thrown.status === 'too-many' ? 'request.too-large' : 'csv.invalid', `The table ${thrown.message}. ${form}.`, { cause: thrown });
  }
  return { rows, ignored: [...ignored] };
}

function readRow(element: Element, ignored: Set<string>): TableRow {
  const line = element.index + 1;
  const unreadable = (fault: string): TableRow => ({ line, site: '', fields: {}, faults: [], fault });
  if (element.fault !== null) return unreadable(element.fault);
  const { value } = element;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unreadable('is no object');
  const fields: Record<string, string | number | boolean> = {};
  const faults: CellFault[] = [];
  let site = '';
  for (const [key, cell] of Object.entries(value)) {
    const column = columnByField.get(key);
    if (column === undefined) {
      if (ignored.size < ignoredAtMost) ignored.add(key.slice(0, 60));
      continue;
    }
    if (cell === null || cell === '') continue;
    const read = readValue(column, cell);
    if ('fault' in read) faults.push({ column, reason: read.fault });
    else if (column === 'site') site = key === 'site' || site === '' ? String(read.value).trim() : site;
    else fields[fieldOf[column]] = column === 'password' || typeof read.value !== 'string' ? read.value : read.value.trim();
  }
  return { line, site, fields, faults, fault: null };
}
