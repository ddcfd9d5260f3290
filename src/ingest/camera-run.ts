/**
 * The loop of one camera on one worker: target, connect, frames, end, wait, again. It knows nothing of other cameras;
 * stopping it ends everything it began.
 */
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Backoff } from '../core/retry.js';
import type { CameraReports } from '../contract/camera-reports.js';
import type { StreamTarget } from '../contract/camera.js';
import type { Frame } from '../contract/frame.js';
import type { EndReason, FrameSource, RunEnd, StreamInfo } from '../contract/frame-source.js';
import type { CameraDirectory } from '../contract/registry.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ConnectGate } from './connect-gate.js';
import { widthLimit } from './picture-size.js';
import { createReconnect } from './reconnect.js';
import type { RunLog } from './run-log.js';

/** The camera's clock is told on the first frame and then so often. */
const clockEveryMs = 10_000;

export interface CameraRunParts {
  readonly config: { readonly maxWidthPx: number; readonly maxDensityPxPerM: number; readonly connectTimeoutMs: number; readonly stallMs: number; readonly reconnect: Backoff };
  readonly directory: Pick<CameraDirectory, 'target'>;
  readonly reports: CameraReports;
  readonly source: FrameSource;
  readonly gate: ConnectGate;
  readonly runLog: RunLog;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly onFrame: (frame: Frame) => void;
}

export interface CameraRun {
  /** Ends the connection, reads the camera anew and connects again without delay. */
  restart(): void;
  /** Resolves when nothing of it is left, within about a second. */
  stop(): Promise<void>;
}

type Aim = { readonly status: 'aimed'; readonly target: StreamTarget } | { readonly status: 'refused'; readonly end: RunEnd } | { readonly status: 'later' };

export function startCameraRun(cameraId: string, parts: CameraRunParts): CameraRun {
  const { clock, log, reports } = parts;
  const stopping = new AbortController();
  const reconnect = createReconnect(parts.config.reconnect);
  let current = new AbortController();

  const aim = async (): Promise<Aim> => {
    try {
      return { status: 'aimed', target: await parts.directory.target(cameraId) };
    } catch (thrown) {
      const reason = thrown instanceof HedgerowError ? reasonOfTarget(thrown) : undefined;
      log.warn({ cameraId, error: messageOf(thrown) }, 'the camera has no usable stream address');
      if (reason === undefined) return { status: 'later' };
      return { status: 'refused', end: { reason, detail: messageOf(thrown), frames: 0, dropped: 0, bytes: 0 } };
    }
  };

  /** One try. @returns milliseconds to wait before the next */
  const once = async (signal: AbortSignal): Promise<number> => {
    const aimed = await aim();
    if (signal.aborted) return 0;
    if (aimed.status === 'later') return parts.config.reconnect.initialMs * 4;
    if (aimed.status === 'refused') {
      const retryMs = parts.config.reconnect.capMs;
      reports.runEnded(cameraId, aimed.end, retryMs);
      return retryMs;
    }
    const { target } = aimed;
    const lockedMs = reconnect.beforeRun(target, clock.monotonicMs());
    if (lockedMs > 0) await clock.sleep(lockedMs, signal);
    const giveBack = await parts.gate.enter(new URL(target.url).host, signal);
    const cancelGate = clock.after(parts.config.connectTimeoutMs, giveBack);
    try {
      const startedMs = clock.monotonicMs();
      const end = await stream(target, signal, giveBack);
      const atMs = clock.monotonicMs();
      const retryMs = signal.aborted ? null : reconnect.afterRun(target, end, atMs - startedMs, atMs);
      reports.runEnded(cameraId, end, retryMs);
      parts.metrics.runsEnded.inc({ reason: end.reason });
      log.debug({ cameraId, reason: end.reason, detail: end.detail, frames: end.frames, retryMs }, 'run ended');
      return retryMs ?? 0;
    } finally {
      cancelGate();
      giveBack();
    }
  };

  const stream = async (target: StreamTarget, signal: AbortSignal, onOpen: () => void): Promise<RunEnd> => {
    const runId = newId();
    let info: StreamInfo | null = null;
    let clockToldMs = -Infinity;
    parts.runLog.started({ runId, cameraId });
    reports.runStarted(cameraId, runId);
    const end = await parts.source
      .run({
        target,
        runId,
        maxWidthPx: widthLimit(target.pose, parts.config),
        connectTimeoutMs: parts.config.connectTimeoutMs,
        stallMs: parts.config.stallMs,
        signal,
        onStream: (seen) => {
          info = seen;
          onOpen();
        },
        onFrame: (frame) => {
          if (signal.aborted) return;
          if (frame.capturedAtMs !== null && clock.monotonicMs() - clockToldMs >= clockEveryMs) {
            clockToldMs = clock.monotonicMs();
            reports.clockMeasured(cameraId, frame.capturedAtMs - frame.receivedAtMs);
          }
          parts.onFrame(frame);
        },
      })
      .catch((thrown: unknown): RunEnd => {
        log.error({ cameraId, runId, error: messageOf(thrown) }, 'a frame source failed inside');
        return { reason: 'protocol', detail: 'The stream could not be processed.', frames: 0, dropped: 0, bytes: 0 };
      });
    parts.runLog.ended(runId, end, info);
    return end;
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      current = new AbortController();
      const signal = AbortSignal.any([stopping.signal, current.signal]);
      try {
        const waitMs = await once(signal);
        if (waitMs > 0) await clock.sleep(waitMs, signal);
      } catch (thrown) {
        if (signal.aborted) continue;
        log.error({ cameraId, error: messageOf(thrown) }, 'the loop of a camera failed inside');
        await clock.sleep(parts.config.reconnect.capMs, signal).catch(() => undefined);
      }
    }
  };

  const done = loop();
  return {
    restart() {
      reconnect.reset();
      current.abort(new DOMException('the camera was changed', 'AbortError'));
    },
    stop() {
      stopping.abort(new DOMException('the camera leaves this worker', 'AbortError'));
      return done;
    },
  };
}

/** undefined: it is not the camera's fault, and another try soon makes sense. */
function reasonOfTarget(error: HedgerowError): EndReason | undefined {
  if (error.code === 'address.refused') return 'refused';
  if (error.code === 'camera.unknown' || error.code === 'camera.stream') return 'not-found';
  return error.retryable ? undefined : 'protocol';
}
