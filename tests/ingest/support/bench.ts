/** Parts for tests of the worker: a directory that can be changed, reports that are written down, a source led by hand. */
import type { CameraReports } from '../../../src/contract/camera-reports.js';
import type { StreamTarget } from '../../../src/contract/camera.js';
import type { Config } from '../../../src/config/schema.js';
import type { FrameSource, FrameSourceOptions, RunEnd } from '../../../src/contract/frame-source.js';
import type { Frame } from '../../../src/contract/frame.js';
import type { CameraDirectory } from '../../../src/contract/registry.js';
import { newId } from '../../../src/core/ids.js';
import { HedgerowError } from '../../../src/core/errors.js';

export const ingestConfig: Config['ingest'] & Pick<Config['analyse'], 'maxDensityPxPerM'> = {
  adapter: 'node-av',
  maxWidthPx: 640,
  maxDensityPxPerM: 250,
  connectTimeoutMs: 2_000,
  stallMs: 3_000,
  reconnect: { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio: 0.5 },
  connectsPerHost: 4,
  leaseMs: 10_000,
  maxCameras: 100,
};

export interface TestCamera {
  cameraId: string;
  url: string;
  username: string | null;
  password: string | null;
  configVersion: number;
  sampleIntervalMs: number;
}

export interface TestDirectory extends CameraDirectory {
  readonly cameras: Map<string, TestCamera>;
  add(camera?: Partial<TestCamera>): TestCamera;
  /** thrown by `target` while it is set */
  fault: HedgerowError | null;
}

export function testDirectory(count = 0): TestDirectory {
  const cameras = new Map<string, TestCamera>();
  const directory: TestDirectory = {
    cameras,
    fault: null,
    add(given = {}) {
      const camera = { cameraId: newId(), url: `rtsp://10.0.0.${cameras.size + 1}:554/sub`, username: null, password: null, configVersion: 1, sampleIntervalMs: 1_000, ...given };
      cameras.set(camera.cameraId, camera);
      return camera;
    },
    runnable: () => Promise.resolve([...cameras.values()].map(({ cameraId, configVersion }) => ({ cameraId, siteId: 'site', configVersion }))),
    target(cameraId): Promise<StreamTarget> {
      const camera = cameras.get(cameraId);
      if (directory.fault) return Promise.reject(directory.fault);
      if (!camera) return Promise.reject(new HedgerowError('camera.unknown', 'There is no such camera.'));
      return Promise.resolve({ siteId: 'site', ...camera });
    },
    view: () => Promise.reject(new HedgerowError('camera.unknown', 'Ingest never asks for a view.')),
  };
  for (let i = 0; i < count; i++) directory.add();
  return directory;
}

export interface Told {
  readonly what: 'started' | 'ended' | 'released' | 'clock';
  readonly cameraId: string;
  readonly end?: RunEnd;
  readonly retryInMs?: number | null;
  readonly skewMs?: number;
}

export function testReports(): CameraReports & { readonly told: Told[] } {
  const told: Told[] = [];
  return {
    told,
    probed: () => undefined,
    sampled: () => undefined,
    runStarted: (cameraId) => void told.push({ what: 'started', cameraId }),
    runEnded: (cameraId, end, retryInMs) => void told.push({ what: 'ended', cameraId, end, retryInMs }),
    clockMeasured: (cameraId, skewMs) => void told.push({ what: 'clock', cameraId, skewMs }),
    released: (cameraId) => void told.push({ what: 'released', cameraId }),
  };
}

/** One run of the source that a test leads. */
export interface LedRun {
  readonly options: FrameSourceOptions;
  readonly cameraId: string;
  over: boolean;
  frame(capturedAtMs?: number | null): void;
  end(reason: RunEnd['reason']): void;
}

export interface LedSource extends FrameSource {
  readonly runs: LedRun[];
  /** runs that have not ended */
  live(cameraId?: string): LedRun[];
}

export function ledSource(nowMs: () => number = () => 0): LedSource {
  const runs: LedRun[] = [];
  return {
    runs,
    live: (cameraId) => runs.filter((r) => !r.over && (cameraId === undefined || r.cameraId === cameraId)),
    run: (options) =>
      new Promise((resolve) => {
        let frames = 0;
        const finish = (reason: RunEnd['reason']): void => {
          if (run.over) return;
          run.over = true;
          resolve({ reason, detail: reason, frames, dropped: 0, bytes: frames * 1000 });
        };
        const run: LedRun = {
          options,
          cameraId: options.target.cameraId,
          over: false,
          frame(capturedAtMs = null) {
            if (frames === 0) options.onStream?.({ codec: 'h264', widthPx: 640, heightPx: 360, fps: 25 });
            const frame: Frame = { cameraId: options.target.cameraId, runId: options.runId, sequence: frames, widthPx: 2, heightPx: 2, rgb: new Uint8Array(12), capturedAtMs, receivedAtMs: nowMs() };
            frames += 1;
            options.onFrame(frame);
          },
          end: finish,
        };
        options.signal.addEventListener('abort', () => finish('stopped'), { once: true });
        if (options.signal.aborted) finish('stopped');
        runs.push(run);
      }),
    close: () => Promise.resolve(),
  };
}
