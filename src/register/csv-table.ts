/**
 * Bytes of a spreadsheet to rows of cameras: encoding, delimiter, header. Says what is wrong with the file as a whole. The
 * parser is fed in slices, and the event loop has a turn after each: 16 MB hold nothing up.
 */
import { finished } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { takeTurn } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { tableLimits, type CameraTable, type TableRow } from './camera-table.js';
import { columnNames, columnOf, readCells, type ColumnName } from './csv-columns.js';
import { decodeText } from './text-decoding.js';

const required: readonly ColumnName[] = ['name', 'address', 'purpose', 'owner', 'legal_basis', 'review_on'];
/** A row that is shorter or longer than the header costs the parser some 50 us: so many of the shortest ones take 50 ms. */
const sliceBytes = 4 * 1024;
/** Where the delimiter is looked for. */
const headBytes = 64 * 1024;
/** The longest row in bytes of UTF-8, with empty cells: a row of delimiters alone holds no characters. */
const recordBytes = 4 * tableLimits.recordChars;
const ignoredAtMost = 50;

/** @throws HedgerowError `csv.invalid`, `request.too-large` */
export async function readCsvTable(bytes: Uint8Array): Promise<CameraTable> {
  if (bytes.byteLength > tableLimits.bytes) throw new HedgerowError('request.too-large', `The table has ${bytes.byteLength} bytes; at most ${tableLimits.bytes} are read.`);
  const { body, firstLine, delimiter } = findDelimiter(await decodeText(bytes, 'csv.invalid'));
  const rows: TableRow[] = [];
  let header: Header | undefined;
  await parseRecords(body, delimiter, firstLine, (line, cells) => {
    if (!header) {
      header = readHeader(cells, line);
      return;
    }
    if (!cells.some((c) => c.trim() !== '')) return;
    if (rows.length >= tableLimits.rows) throw new HedgerowError('request.too-large', `The table has more than ${tableLimits.rows} rows; so many are read at once.`);
    rows.push(readRow(line, cells, header));
  });
  if (!header) throw new HedgerowError('csv.invalid', 'The table is empty: its first line names the columns.');
  return { rows, ignored: header.ignored };
}

function readRow(line: number, cells: readonly string[], { places, width }: Header): TableRow {
  // Spreadsheet programs leave out or add empty cells at the end; a filled cell too many means a shifted row.
  const extra = cells.slice(width).some((c) => c.trim() !== '');
  if (extra) return { line, site: '', fields: {}, faults: [], fault: `has ${cells.length} cells where the header has ${width}; is there a delimiter inside an unquoted cell?` };
  return { line, fault: null, ...readCells(places.map(([column, at]) => [column, cells[at] ?? ''] as const)) };
}

/** The header decides; Excel may say it in a first line `sep=;`. */
function findDelimiter(text: Buffer): { body: Buffer; firstLine: number; delimiter: string } {
  const start = text.subarray(0, headBytes).toString('latin1');
  const said = /^sep=([,;\t])\r?\n/.exec(start);
  if (said?.[1] !== undefined) return { body: text.subarray(said[0].length), firstLine: 2, delimiter: said[1] };
  const header = start.slice(0, Math.max(0, start.search(/[\r\n]|$/))).replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((d) => ({ delimiter: d, count: header.split(d).length }));
  const best = counts.reduce((a, b) => (b.count > a.count ? b : a));
  return { body: text, firstLine: 1, delimiter: best.delimiter };
}

async function parseRecords(source: Buffer, delimiter: string, firstLine: number, onRecord: (line: number, cells: string[]) => void): Promise<void> {
  // The parser's own count of lines is off when line ends are mixed, so lines are counted over the bytes of each record.
  let [at, line, recordEnd] = [0, firstLine, 0];
  const isBreak = (i: number): boolean => source[i] === 10 || source[i] === 13;
  const step = (): void => {
    if (isBreak(at) && !(source[at] === 13 && source[at + 1] === 10)) line++;
    at++;
  };
  let failure: unknown;
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: tableLimits.recordChars,
    on_record: (cells: string[], { bytes }: { bytes: number }) => {
      while (at < bytes && isBreak(at)) step();
      recordEnd = bytes;
      if (failure === undefined) {
        try {
          onRecord(line, cells);
        } catch (thrown) {
          failure = thrown;
        }
      }
      while (at < bytes) step();
      return null;
    },
  });
  parser.on('error', (thrown) => (failure ??= thrown));
  parser.resume();
  for (let from = 0; from < source.length && failure === undefined; from += sliceBytes) {
    const slice = source.subarray(from, from + sliceBytes);
    parser.write(slice);
    await takeTurn();
    if (from + slice.length - recordEnd > recordBytes) failure ??= new HedgerowError('csv.invalid', `Line ${line} ${rowFaults['CSV_MAX_RECORD_SIZE']}`);
  }
  if (failure === undefined) {
    parser.end();
    await finished(parser).catch((thrown: unknown) => (failure ??= thrown));
  }
  parser.destroy();
  if (failure instanceof HedgerowError) throw failure;
  if (failure !== undefined) throw new HedgerowError('csv.invalid', tableFault(failure, firstLine), { cause: failure });
}

function tableFault(cause: unknown, firstLine: number): string {
  if (!(cause instanceof CsvError)) return 'The table cannot be read.';
  const lines = (cause as { lines?: unknown }).lines;
  const at = typeof lines === 'number' ? `Line ${lines + firstLine - 1}` : 'A line';
  return `${at} ${rowFaults[cause.code] ?? 'cannot be read as a row.'}`;
}

const strayQuote = 'has a quote mark in the middle of a cell; a cell with quote marks is quoted as a whole, and they are doubled.';
const rowFaults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote mark that is never closed.',
  INVALID_OPENING_QUOTE: strayQuote,
  CSV_INVALID_CLOSING_QUOTE: strayQuote,
  CSV_MAX_RECORD_SIZE: `is longer than ${tableLimits.recordChars} characters.`,
};

interface Header {
  readonly places: readonly (readonly [column: ColumnName, at: number])[];
  readonly width: number;
  readonly ignored: readonly string[];
}

function readHeader(cells: readonly string[], line: number): Header {
  const places = new Map<ColumnName, number>();
  const ignored: string[] = [];
  for (const [at, heading] of cells.entries()) {
    const column = columnOf(heading);
    if (column === undefined) {
      if (heading.trim() !== '' && ignored.length < ignoredAtMost) ignored.push(heading.trim().slice(0, 60));
    } else if (places.has(column)) {
      throw new HedgerowError('csv.invalid', `Line ${line}: two columns mean "${column}".`);
    } else {
      places.set(column, at);
    }
  }
  const missing = required.filter((c) => !places.has(c));
  if (missing.length > 0) {
    throw new HedgerowError('csv.invalid', `Line ${line} names no column ${missing.map((c) => `"${c}"`).join(', ')}. The columns are: ${columnNames.join(', ')}.`);
  }
  return { places: [...places], width: cells.length, ignored };
}
