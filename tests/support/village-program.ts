/** The whole program with its simulated village in one child process, and a hand on the village's faults. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Alert } from '../../src/contract/alert.js';
import type { Camera } from '../../src/contract/camera.js';
import type { Page } from '../../src/contract/page.js';
import type { Observation, PictureRow } from '../../src/contract/picture.js';
import type { FaultInput, SimulatedCamera } from '../../src/simulate/village.js';
import { adminToken, apiOf, eventually, startProgram, type Program } from './program.js';

export interface VillageProgram {
  readonly program: Program;
  readonly api: ReturnType<typeof apiOf>;
  /** as the village knows them, with their credentials; an index is a place in this list */
  readonly simulated: readonly SimulatedCamera[];
  fault(index: number, fault: FaultInput): Promise<void>;
  idOf(index: number): string;
  camera(index: number): Promise<Camera>;
  /** the newest 500, newest first */
  pictures(index: number): Promise<readonly PictureRow[]>;
  alerts(index: number): Promise<readonly Alert[]>;
  /** Samples from a time on (epoch ms, the newest 500), newest first. */
  samples(index: number, sinceMs: number): Promise<readonly Observation[]>;
  newestPicture(index: number): Promise<Response>;
  /** the value of a metric, without labels or with exactly these; 0 when it is not there yet */
  metric(name: string): Promise<number>;
  /** resident memory of the process, bytes */
  memory(): number;
}

/** @param config YAML; the village's own ports are free ones and it answers no discovery */
export async function startVillageProgram(options: { cameras: number; data: string; config: string }): Promise<VillageProgram> {
  const file = path.join(options.data, 'config.yaml');
  writeFileSync(file, `simulate: { discovery: false, basePort: 0, situations: false }\n${options.config}`);
  const program = await startProgram(['--config', file, 'up', '--demo', String(options.cameras)], { data: options.data });
  const api = apiOf(program.url);
  const control = await eventually(() => Promise.resolve(/"control":"([^"]+)"/.exec(program.output())?.[1]), 30_000, 'the control address of the village');
  const { cameras: simulated } = (await (await fetch(`${control}/cameras`)).json()) as { cameras: SimulatedCamera[] };
  const registered = await eventually(
    async () => {
      const { items } = await api.get<Page<Camera>>('/api/v1/cameras');
      return items.length === options.cameras && items;
    },
    30_000,
    'every camera registered',
  );
  const ids = simulated.map((s) => {
    const found = registered.find((c) => c.address === s.onvifUrl);
    if (!found) throw new Error(`${s.name} is not registered`);
    return found.id;
  });
  const idOf = (index: number): string => ids[index] as string;
  const list = async <T>(at: string): Promise<T[]> => (await api.get<Page<T>>(at)).items;

  return {
    program,
    api,
    simulated,
    idOf,
    async fault(index, fault) {
      const answer = await fetch(`${control}/cameras/${index}/fault`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
      if (!answer.ok) throw new Error(`the fault was refused: ${await answer.text()}`);
    },
    camera: (index) => api.get<Camera>(`/api/v1/cameras/${idOf(index)}`),
    pictures: (index) => list<PictureRow>(`/api/v1/pictures?limit=500&cameraId=${idOf(index)}`),
    alerts: (index) => list<Alert>(`/api/v1/alerts?limit=100&cameraId=${idOf(index)}`),
    samples: async (index, sinceMs) => (await list<Observation>(`/api/v1/observations?limit=500&cameraId=${idOf(index)}`)).filter((o) => Date.parse(o.at) >= sinceMs),
    newestPicture: (index) => fetch(`${program.url}/api/v1/cameras/${idOf(index)}/pictures/newest`, { headers: { authorization: `Bearer ${adminToken}` } }),
    async metric(name) {
      const text = Buffer.from((await api.bytes('/metrics')).bytes).toString();
      const line = text.split('\n').find((l) => l.startsWith(`${name} `));
      return line ? Number(line.slice(name.length)) : 0;
    },
    memory() {
      const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${program.process.pid}/status`, 'utf8'))?.[1];
      return Number(kib) * 1024;
    },
  };
}
