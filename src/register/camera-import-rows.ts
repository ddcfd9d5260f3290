/** A row of the table by itself: its site, its address in normal form, and what is wrong with its fields. */
import { newCamera, type CameraPatch } from '../contract/camera.js';
import { messageOf } from '../core/errors.js';
import { parseCameraAddress } from './camera-address.js';
import type { CellFault, TableRow } from './camera-table.js';
import { fieldOf, type ColumnName } from './csv-columns.js';

export interface SiteNames {
  readonly known: readonly { readonly id: string; readonly name: string }[];
  /** site of rows that name none */
  readonly defaultSiteId: string | undefined;
  /** by id, and by name in lower case */
  readonly byText: ReadonlyMap<string, string>;
}

export interface JudgedRow {
  readonly line: number;
  readonly name: string;
  readonly fields: CameraPatch;
  readonly siteId: string | undefined;
  /** normal form */
  readonly address: string | undefined;
  readonly problems: readonly CellFault[];
}

export function judgeRow(row: TableRow, sites: SiteNames): JudgedRow {
  const { line, fields, faults, fault } = row;
  const name = fields.name ?? '';
  if (fault !== null) return { line, name, fields, siteId: undefined, address: undefined, problems: [{ column: '', reason: fault }] };
  const problems = [...faults];
  const siteText = row.site || (sites.defaultSiteId ?? '');
  const siteId = sites.byText.get(siteText) ?? sites.byText.get(siteText.toLowerCase());
  if (siteId === undefined) problems.push({ column: 'site', reason: siteText === '' ? 'is missing, and no site is given for the whole table' : `names no site of yours: "${siteText.slice(0, 120)}"; ${sitesInWords(sites.known)}` });
  const address = addressOf(fields.address, problems);
  if (problems.length > 0) problems.push(...fieldProblems({ ...fields, siteId: siteId ?? '00000000-0000-7000-8000-000000000000' }, problems));
  return { line, name, fields, siteId, address, problems };
}

/** What the form of a camera says about the row, column by column; columns that have a problem already are left out. */
export function fieldProblems(input: CameraPatch & { siteId: string }, already: readonly CellFault[]): CellFault[] {
  const checked = newCamera.safeParse(input);
  if (checked.success) return [];
  return checked.error.issues.flatMap((issue) => {
    const field = issue.path[0];
    const column = (Object.keys(fieldOf) as Exclude<ColumnName, 'site'>[]).find((c) => fieldOf[c] === field);
    if (column === undefined || already.some((p) => p.column === column)) return [];
    return [{ column, reason: input[fieldOf[column]] === undefined ? 'is missing' : issue.message }];
  });
}

/** What the user may write instead. */
function sitesInWords(known: SiteNames['known']): string {
  if (known.length === 0) return 'there is none yet: make it in the console under Set-up, or with POST /api/v1/sites';
  return `there ${known.length === 1 ? 'is' : 'are'} ${known.slice(0, 5).map((s) => `"${s.name}"`).join(', ')}${known.length > 5 ? ', …' : ''}`;
}

/** The address in normal form, or undefined with a problem noted. */
function addressOf(text: string | undefined, problems: CellFault[]): string | undefined {
  if (text === undefined) {
    if (!problems.some((p) => p.column === 'address')) problems.push({ column: 'address', reason: 'is missing' });
    return undefined;
  }
  try {
    return parseCameraAddress(text).address;
  } catch (thrown) {
    problems.push({ column: 'address', reason: messageOf(thrown).replace(/^The address /, '') });
    return undefined;
  }
}
