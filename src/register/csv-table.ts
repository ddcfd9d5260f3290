/** Bytes of a spreadsheet to rows of named cells: encoding, delimiter, header. Says what is wrong with the file as a whole. */
import { CsvError, parse } from 'csv-parse/sync';
import { HedgerowError } from '../core/errors.js';
import { columnNames, columnOf, type ColumnName } from './csv-columns.js';

export const csvLimits = { bytes: 16 * 1024 * 1024, rows: 50_000, recordChars: 64 * 1024 } as const;

export interface CsvRow {
  /** 1-based line where the row begins */
  readonly line: number;
  readonly cells: ReadonlyMap<ColumnName, string>;
  /** why the row as a whole cannot be read; the cells are then empty */
  readonly fault: string | null;
}

export interface CsvTable {
  readonly rows: readonly CsvRow[];
  readonly columns: ReadonlySet<ColumnName>;
  /** headings that are not read */
  readonly ignored: readonly string[];
}

const required: readonly ColumnName[] = ['name', 'address', 'purpose', 'owner', 'legal_basis', 'review_on'];

/** @throws HedgerowError `csv.invalid`, `request.too-large` */
export function readCsvTable(bytes: Uint8Array): CsvTable {
  if (bytes.byteLength > csvLimits.bytes) throw new HedgerowError('request.too-large', `The table has ${bytes.byteLength} bytes; at most ${csvLimits.bytes} are read.`);
  const text = decode(bytes);
  const { body, firstLine, delimiter } = findDelimiter(text);
  const records = parseRecords(body, delimiter, firstLine);
  const [header, ...rest] = records;
  if (!header) throw new HedgerowError('csv.invalid', 'The table is empty: its first line names the columns.');
  const { places, ignored } = readHeader(header.cells, header.line);
  if (rest.length > csvLimits.rows) throw new HedgerowError('request.too-large', `The table has more than ${csvLimits.rows} rows; so many are read at once.`);
  const rows = rest
    .filter((r) => r.cells.some((c) => c.trim() !== ''))
    .map(({ line, cells }): CsvRow => {
      // Spreadsheet programs leave out or add empty cells at the end; a filled cell too many means a shifted row.
      const extra = cells.slice(header.cells.length).filter((c) => c.trim() !== '').length;
      const fault = extra > 0 ? `has ${cells.length} cells where the header has ${header.cells.length}; is there a delimiter inside an unquoted cell?` : null;
      return { line, fault, cells: new Map(fault === null ? [...places].map(([column, at]) => [column, cells[at] ?? '']) : []) };
    });
  return { rows, columns: new Set(places.keys()), ignored };
}

function decode(bytes: Uint8Array): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new HedgerowError('csv.invalid', 'The file is UTF-16 text. Save it as "CSV UTF-8" and send that.');
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes); // drops a byte order mark
  } catch (cause) {
    throw new HedgerowError('csv.invalid', 'The file is not UTF-8 text. Save it as "CSV UTF-8" and send that.', { cause });
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) throw new HedgerowError('csv.invalid', `Line ${lineAt(text, nul)} holds a zero byte: this is no text file.`);
  return text;
}

/** The header decides; Excel may say it in a first line `sep=;`. */
function findDelimiter(text: string): { body: string; firstLine: number; delimiter: string } {
  const said = /^sep=([,;\t])\r?\n/.exec(text);
  if (said?.[1] !== undefined) return { body: text.slice(said[0].length), firstLine: 2, delimiter: said[1] };
  const header = text.slice(0, Math.max(0, text.search(/[\r\n]|$/))).replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((d) => ({ delimiter: d, count: header.split(d).length }));
  const best = counts.reduce((a, b) => (b.count > a.count ? b : a));
  return { body: text, firstLine: 1, delimiter: best.delimiter };
}

function parseRecords(body: string, delimiter: string, firstLine: number): { line: number; cells: string[] }[] {
  const records: { line: number; cells: string[] }[] = [];
  const source = Buffer.from(body, 'utf8');
  // The parser's own count of lines is off when line ends are mixed, so lines are counted over the bytes of each record.
  let [at, line] = [0, firstLine];
  const isBreak = (i: number): boolean => source[i] === 10 || source[i] === 13;
  const step = (): void => {
    if (isBreak(at) && !(source[at] === 13 && source[at + 1] === 10)) line++;
    at++;
  };
  try {
    parse(source, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: csvLimits.recordChars,
      // The header, and one row more than may be: a table of a million rows is refused without being read to its end.
      to: csvLimits.rows + 2,
      on_record: (cells: string[], { bytes }: { bytes: number }) => {
        while (at < bytes && isBreak(at)) step();
        records.push({ line, cells });
        while (at < bytes) step();
        return null;
      },
    });
  } catch (cause) {
    throw new HedgerowError('csv.invalid', tableFault(cause, firstLine), { cause });
  }
  return records;
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
  CSV_MAX_RECORD_SIZE: `is longer than ${csvLimits.recordChars} characters.`,
};

function readHeader(cells: readonly string[], line: number): { places: Map<ColumnName, number>; ignored: string[] } {
  const places = new Map<ColumnName, number>();
  const ignored: string[] = [];
  for (const [at, heading] of cells.entries()) {
    const column = columnOf(heading);
    if (column === undefined) {
      if (heading.trim() !== '') ignored.push(heading.trim().slice(0, 60));
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
  return { places, ignored };
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
