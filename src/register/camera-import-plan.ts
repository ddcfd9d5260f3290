/**
 * What an import would do, row by row. A row is the same camera as a registered one when it has its site, its address and
 * its video source (a recorder's channels share an address), or its site and its name; so a second run changes nothing.
 */
import { newCamera, type NewCamera } from '../contract/camera.js';
import type { ImportRow } from '../contract/registry.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { changeCameraRow, newCameraRow } from './camera-changes.js';
import { fieldProblems, type JudgedRow } from './camera-import-rows.js';
import type { CameraRow } from './camera-rows.js';
import type { CellFault } from './camera-table.js';
import type { CameraParts } from './cameras.js';

export class CameraPlan {
  readonly rows: ImportRow[] = [];
  readonly inserts: CameraRow[] = [];
  readonly updates: { readonly row: CameraRow; readonly columns: Partial<CameraRow> }[] = [];
  /** ids of cameras that are to climb the ladder */
  readonly onboard: string[] = [];
  readonly #parts: Pick<CameraParts, 'sealer' | 'clock'>;
  readonly #covered: ReadonlySet<string>;
  readonly #byChannel = new Map<string, CameraRow>();
  readonly #byAddress = new Map<string, CameraRow[]>();
  readonly #byName = new Map<string, CameraRow>();
  /** line in which an address or a name of the table stands */
  readonly #seen = new Map<string, number>();

  /** @param covered ids of cameras that have privacy zones */
  constructor(present: readonly CameraRow[], covered: ReadonlySet<string>, parts: Pick<CameraParts, 'sealer' | 'clock'>) {
    this.#parts = parts;
    this.#covered = covered;
    for (const camera of present) {
      const address = `${camera.siteId} ${camera.address}`;
      this.#byChannel.set(`${address} ${camera.sourceToken ?? ''}`, camera);
      const channels = this.#byAddress.get(address);
      if (channels) channels.push(camera);
      else this.#byAddress.set(address, [camera]);
      this.#byName.set(`${camera.siteId} ${camera.name.toLowerCase()}`, camera);
    }
  }

  add(row: JudgedRow): void {
    const { line, name, fields, siteId, address } = row;
    const problems: CellFault[] = [...row.problems];
    if (siteId === undefined || address === undefined || problems.length > 0) {
      this.#bad(row, problems);
      return;
    }
    const twin = this.#twinOf(row, siteId, address, problems);
    const sourceToken = fields.sourceToken ?? twin?.sourceToken ?? '';
    this.#note(line, 'address', `${siteId} ${address} ${sourceToken}`, problems);
    this.#note(line, 'name', `${siteId} ${name.toLowerCase()}`, problems);
    const input = { ...(twin === undefined ? {} : presentFields(twin)), ...fields, siteId };
    problems.push(...fieldProblems(input, problems));
    if (problems.length > 0) {
      this.#bad(row, problems);
      return;
    }
    try {
      if (twin === undefined) this.#create(line, newCamera.parse(input));
      else this.#change(row, twin);
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError) || (thrown.kind !== 'invalid' && thrown.kind !== 'boundary')) throw thrown;
      this.#bad(row, [...problems, { column: '', reason: messageOf(thrown) }]);
    }
  }

  #create(line: number, input: NewCamera): void {
    const { sealer, clock } = this.#parts;
    const created = newCameraRow(input, sealer, clock.nowMs());
    this.inserts.push(created);
    this.onboard.push(created.id);
    this.rows.push({ line, name: created.name, verdict: 'create', cameraId: created.id, problems: [] });
  }

  #change({ line, name, fields }: JudgedRow, twin: CameraRow): void {
    const { sealer, clock } = this.#parts;
    const change = changeCameraRow(twin, fields, sealer, clock.nowMs(), this.#covered.has(twin.id));
    const changes = change.changed.length > 0;
    if (changes) this.updates.push({ row: twin, columns: change.columns });
    if (change.onboard) this.onboard.push(twin.id);
    this.rows.push({ line, name, verdict: changes ? 'update' : 'unchanged', cameraId: twin.id, problems: [] });
  }

  #bad({ line, name }: JudgedRow, problems: readonly CellFault[]): void {
    this.rows.push({ line, name, verdict: 'bad', cameraId: null, problems: [...problems] });
  }

  #twinOf({ name, fields }: JudgedRow, siteId: string, address: string, problems: CellFault[]): CameraRow | undefined {
    const byName = this.#byName.get(`${siteId} ${name.toLowerCase()}`);
    const channels = this.#byAddress.get(`${siteId} ${address}`) ?? [];
    const exact = this.#byChannel.get(`${siteId} ${address} ${fields.sourceToken ?? ''}`);
    // A table without the column means the one camera at that address, whichever source it is.
    const byAddress = exact ?? (fields.sourceToken ? undefined : (channels.find((c) => c === byName) ?? (channels.length === 1 ? channels[0] : undefined)));
    if (byAddress && byName && byAddress.id !== byName.id) {
      problems.push({ column: 'name', reason: `is the name of another camera (${byName.address}); the address belongs to "${byAddress.name}"` });
    }
    if (!byAddress && !byName && !fields.sourceToken && channels.length > 1) {
      problems.push({ column: 'source_token', reason: `is missing: ${channels.length} cameras have this address, one for each source` });
    }
    return byAddress ?? byName;
  }

  #note(line: number, column: 'address' | 'name', key: string, problems: CellFault[]): void {
    const first = this.#seen.get(`${column} ${key}`);
    if (first === undefined) this.#seen.set(`${column} ${key}`, line);
    else problems.push({ column, reason: `stands in line ${first} already` });
  }
}

function presentFields(row: CameraRow): Omit<NewCamera, 'siteId' | 'username' | 'password'> {
  const { name, address, purpose, owner, legalBasis, reviewOn, longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, sampleIntervalMs, enabled, sourceToken } = row;
  return { name, address, purpose, owner, legalBasis, reviewOn, longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, sampleIntervalMs, enabled, sourceToken };
}
