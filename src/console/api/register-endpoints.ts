/** Calls of the API that bring cameras in and keep them: discovery, tables, the ladder by the hundred, commissioning, changes. */
import type { Camera, Rung } from '../../contract/camera.js';
import type { Commissioning, CommissioningCheck, PressTest } from '../../contract/commissioning.js';
import type { CredentialSet } from '../../contract/credential-set.js';
import type { DeviceRecord, Rotation } from '../../contract/device-change.js';
import type { Page } from '../../contract/page.js';
import type { Discovered, DiscoveryProgress, ImportReport } from '../../contract/registry.js';
import { call, listAll } from './client.js';
import type { Draft } from './draft.js';
import { readLines } from './lines.js';
import { Problem } from './problem.js';

export interface ProbeOutcome {
  readonly cameraId: string;
  readonly rungs: Rung[];
}

const lost = (): never => {
  throw new Problem(0, 'network', 'network', '');
};

export const registerApi = {
  discover: async (options: { sweep: string[]; bridges: boolean; force: boolean }, on: { device: (device: Discovered) => void; progress: (progress: DiscoveryProgress) => void }, signal: AbortSignal): Promise<void> => {
    await readLines('/discovery', { json: options, signal }, (line) => {
      if (line['device']) on.device(line['device'] as Discovered);
      if (line['progress']) on.progress(line['progress'] as DiscoveryProgress);
    });
  },
  announced: (signal?: AbortSignal) => call<{ items: Discovered[] }>('/discovery/announced', { signal }),

  importTable: async (file: Blob, type: string, options: { dryRun: boolean; skipBad: boolean; siteId: string | null }, onProgress: (done: number, total: number) => void): Promise<ImportReport> => {
    let report: ImportReport | null = null;
    await readLines('/cameras/import', { query: options, raw: { type, body: file } }, (line) => {
      const progress = line['progress'] as { done: number; total: number } | undefined;
      if (progress) onProgress(progress.done, progress.total);
      if (line['report']) report = line['report'] as ImportReport;
    });
    return report ?? lost();
  },

  probeMany: async (cameraIds: readonly string[], onOutcome: (outcome: ProbeOutcome) => void, signal: AbortSignal): Promise<void> => {
    await readLines('/cameras/probe', { json: { cameraIds }, signal }, (line) => {
      if (typeof line['cameraId'] === 'string') onOutcome(line as unknown as ProbeOutcome);
    });
  },

  commission: async (cameraId: string, onCheck: (check: CommissioningCheck) => void, signal: AbortSignal): Promise<Commissioning> => {
    let result: Commissioning | null = null;
    await readLines(`/cameras/${cameraId}/commission`, { signal }, (line) => {
      if (line['check']) onCheck(line['check'] as CommissioningCheck);
      if (line['commissioning']) result = line['commissioning'] as Commissioning;
    });
    return result ?? lost();
  },
  commissionings: (siteId: string | null, signal?: AbortSignal) => listAll<Commissioning>('/commissionings', { siteId }, signal),
  lastCommissioning: async (cameraId: string, signal?: AbortSignal): Promise<Commissioning | null> => (await call<Page<Commissioning>>(`/cameras/${cameraId}/commissionings`, { query: { limit: 1 }, signal })).items[0] ?? null,
  pressTest: (cameraId: string, waitMs: number, signal: AbortSignal) => call<PressTest>(`/cameras/${cameraId}/press-test`, { method: 'POST', json: { waitMs }, signal }),

  credentialSets: (signal?: AbortSignal) => listAll<CredentialSet>('/credential-sets', {}, signal),
  createCredentialSet: (draft: Draft) => call<CredentialSet>('/credential-sets', { method: 'POST', json: draft }),
  removeCredentialSet: (id: string) => call<undefined>(`/credential-sets/${id}`, { method: 'DELETE' }),

  replace: (cameraId: string, draft: Draft) => call<Camera>(`/cameras/${cameraId}/replace`, { method: 'POST', json: draft }),
  decommission: (cameraId: string, reason: string) => call<undefined>(`/cameras/${cameraId}/decommission`, { method: 'POST', json: { reason } }),
  devices: async (cameraId: string, signal?: AbortSignal): Promise<DeviceRecord[]> => (await call<{ items: DeviceRecord[] }>(`/cameras/${cameraId}/devices`, { signal })).items,
  rotate: (draft: Draft) => call<Rotation>('/rotations', { method: 'POST', json: draft }),
  /** The newest first; the API lists them in the order of their beginning. */
  rotations: async (signal?: AbortSignal): Promise<Rotation[]> => (await listAll<Rotation>('/rotations', {}, signal)).reverse().slice(0, 20),
};
