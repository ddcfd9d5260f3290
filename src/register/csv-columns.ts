/** The columns of the spreadsheet: their names, the other names that people give them, and how a cell is read. */
import type { CameraPatch, NewCamera } from '../contract/camera.js';
import { holdsControl, type CellFault } from './camera-table.js';

export const columnNames = [
  'name', 'address', 'source_token', 'username', 'password', 'site', 'purpose', 'owner', 'legal_basis', 'review_on', 'longitude', 'latitude',
  'mount_height_m', 'azimuth_deg', 'tilt_deg', 'horizontal_fov_deg', 'sample_interval_ms', 'enabled',
] as const;
export type ColumnName = (typeof columnNames)[number];

/** Without case, blanks and punctuation. The names of the columns themselves need not be here. */
const aliases: Readonly<Record<string, ColumnName>> = {
  camera: 'name', cameraname: 'name', title: 'name', 名称: 'name', 摄像机: 'name', 摄像机名称: 'name',
  ip: 'address', ipaddress: 'address', host: 'address', url: 'address', uri: 'address', rtsp: 'address', rtspurl: 'address', stream: 'address', xaddr: 'address', 地址: 'address', ip地址: 'address',
  channel: 'source_token', source: 'source_token', videosource: 'source_token', sourcetoken: 'source_token', 通道: 'source_token', 通道号: 'source_token', 视频源: 'source_token',
  user: 'username', login: 'username', account: 'username', 用户名: 'username', 用户: 'username',
  pass: 'password', pwd: 'password', passwd: 'password', 密码: 'password',
  sitename: 'site', siteid: 'site', village: 'site', community: 'site', 村: 'site', 站点: 'site', 村庄: 'site',
  reason: 'purpose', 用途: 'purpose', 目的: 'purpose',
  responsible: 'owner', controller: 'owner', 负责人: 'owner', 责任人: 'owner',
  basis: 'legal_basis', lawfulbasis: 'legal_basis', 法律依据: 'legal_basis',
  reviewdate: 'review_on', reviewby: 'review_on', nextreview: 'review_on', review: 'review_on', 复核日期: 'review_on', 复审日期: 'review_on',
  lon: 'longitude', lng: 'longitude', long: 'longitude', x: 'longitude', 经度: 'longitude',
  lat: 'latitude', y: 'latitude', 纬度: 'latitude',
  height: 'mount_height_m', mountheight: 'mount_height_m', heightm: 'mount_height_m', 高度: 'mount_height_m',
  azimuth: 'azimuth_deg', bearing: 'azimuth_deg', heading: 'azimuth_deg', direction: 'azimuth_deg', 方位角: 'azimuth_deg',
  tilt: 'tilt_deg', 俯角: 'tilt_deg',
  fov: 'horizontal_fov_deg', hfov: 'horizontal_fov_deg', horizontalfov: 'horizontal_fov_deg', 视场角: 'horizontal_fov_deg',
  interval: 'sample_interval_ms', sampleinterval: 'sample_interval_ms', 间隔: 'sample_interval_ms',
  active: 'enabled', on: 'enabled', 启用: 'enabled',
};

const plain = (text: string): string => text.toLowerCase().replace(/[\s_\-./()（）:]+/g, '');
const byPlainName = new Map<string, ColumnName>([...Object.entries(aliases), ...columnNames.map((c) => [plain(c), c] as const)]);

/** @returns undefined for a heading that we do not read */
export function columnOf(heading: string): ColumnName | undefined {
  return byPlainName.get(plain(heading));
}

/** Fields of a camera that a column fills; `site` is found by the import. */
export const fieldOf = {
  name: 'name', address: 'address', source_token: 'sourceToken', username: 'username', password: 'password', purpose: 'purpose', owner: 'owner', legal_basis: 'legalBasis', review_on: 'reviewOn',
  longitude: 'longitude', latitude: 'latitude', mount_height_m: 'mountHeightM', azimuth_deg: 'azimuthDeg', tilt_deg: 'tiltDeg', horizontal_fov_deg: 'horizontalFovDeg',
  sample_interval_ms: 'sampleIntervalMs', enabled: 'enabled',
} as const satisfies Record<Exclude<ColumnName, 'site'>, keyof NewCamera>;

const numeric = new Set<ColumnName>(['longitude', 'latitude', 'mount_height_m', 'azimuth_deg', 'tilt_deg', 'horizontal_fov_deg', 'sample_interval_ms']);

/** Reads the filled cells of a row. An empty cell says nothing: a default for a new camera, no change for a known one. */
export function readCells(cells: Iterable<readonly [ColumnName, string]>): { site: string; fields: CameraPatch; faults: CellFault[] } {
  const fields: Record<string, string | number | boolean> = {};
  const faults: CellFault[] = [];
  let site = '';
  for (const [column, raw] of cells) {
    // A password may begin or end with a blank; nothing else does on purpose.
    const text = column === 'password' ? raw : unguarded(raw.trim());
    if (text === '') continue;
    if (holdsControl(text)) faults.push({ column, reason: 'holds control characters' });
    else if (column === 'site') site = text;
    else {
      const value = numeric.has(column) ? readNumber(text) : column === 'enabled' ? readBoolean(text) : column === 'review_on' ? readDate(text) : text;
      if (value === null) faults.push({ column, reason: expectations[column] ?? 'cannot be read' });
      else fields[fieldOf[column]] = value;
    }
  }
  return { site, fields, faults };
}

/** The same for an object of a JSON table: numbers are numbers there, and null says nothing. */
export function readValue(column: ColumnName, value: unknown): { value: string | number | boolean } | { fault: string } {
  if (numeric.has(column)) return typeof value === 'number' ? { value } : { fault: 'is not a number; in JSON it stands without quote marks' };
  if (column === 'enabled') return typeof value === 'boolean' ? { value } : { fault: 'is neither true nor false' };
  if (typeof value !== 'string') return { fault: 'is not a text' };
  if (holdsControl(value)) return { fault: 'holds control characters' };
  if (column !== 'review_on') return { value };
  const date = readDate(value);
  return date === null ? { fault: expectations.review_on ?? '' } : { value: date };
}

const expectations: Partial<Record<ColumnName, string>> = {
  enabled: 'is neither yes nor no',
  review_on: 'is not a date; write it as 2027-03-31',
  ...Object.fromEntries([...numeric].map((c) => [c, 'is not a number; write it like 117.25'])),
};

function readNumber(text: string): number | null {
  return /^[+-]?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : null;
}

function readBoolean(text: string): boolean | null {
  if (/^(true|yes|y|1|on|是|启用)$/i.test(text)) return true;
  return /^(false|no|n|0|off|否|停用)$/i.test(text) ? false : null;
}

/** Year first, as in 2027-03-31, 2027/3/31 or 2027.3.31: the other orders cannot be told apart. */
function readDate(text: string): string | null {
  const [, year, month, day] = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const ms = Date.parse(`${iso}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== iso ? null : iso;
}

/**
 * Spreadsheet programs run a cell that begins with one of these as a formula, East Asian editions the full-width forms
 * too; the export puts a quote mark before it. One more goes before a text that has such quote marks already.
 */
const formulaStart = /^'*[=+\-@\t\r\n＝＋－＠]/;

export function guardFormula(text: string): string {
  return formulaStart.test(text) ? `'${text}` : text;
}

function unguarded(text: string): string {
  return text.startsWith("'") && formulaStart.test(text) ? text.slice(1) : text;
}
