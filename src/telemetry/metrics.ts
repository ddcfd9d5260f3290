/** Prometheus metrics of one process. Labels never hold more than a fixed set of words: no camera ids. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    frames: new Counter({ name: 'hedgerow_frames_total', help: 'Frames that were decoded', registers }),
    framesDropped: new Counter({ name: 'hedgerow_frames_dropped_total', help: 'Frames that were replaced by a newer one of the same camera, or too old (at="stale")', labelNames: ['at'] as const, registers }),
    runsEnded: new Counter({ name: 'hedgerow_runs_ended_total', help: 'Runs that ended', labelNames: ['reason'] as const, registers }),
    pictures: new Counter({ name: 'hedgerow_pictures_total', help: 'Pictures by outcome', labelNames: ['outcome'] as const, registers }),
    reels: new Counter({ name: 'hedgerow_reels_total', help: 'Reels of alerts by outcome', labelNames: ['outcome'] as const, registers }),
    reelPicturesDropped: new Counter({ name: 'hedgerow_reel_pictures_dropped_total', help: 'Pictures that waited for a reel and were dropped for want of memory', registers }),
    alerts: new Counter({ name: 'hedgerow_alerts_total', help: 'Alerts raised', registers }),
    deliveries: new Counter({ name: 'hedgerow_deliveries_total', help: 'Delivery tries by outcome', labelNames: ['outcome'] as const, registers }),
    inferenceSeconds: new Histogram({ name: 'hedgerow_inference_seconds', help: 'Time of one inference', buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1], registers }),
    inferenceBatch: new Histogram({ name: 'hedgerow_inference_batch_frames', help: 'Frames in one message to the inference thread', buckets: [1, 2, 4, 8, 16, 32], registers }),
    detectorUp: new Gauge({ name: 'hedgerow_detector_up', help: '1 while the detector serves and passes its probe', registers }),
    sampleSeconds: new Histogram({ name: 'hedgerow_sample_seconds', help: 'Frame received to sample judged', buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5], registers }),
    requests: new Histogram({ name: 'hedgerow_http_request_seconds', help: 'HTTP requests', labelNames: ['method', 'status'] as const, buckets: [0.005, 0.02, 0.1, 0.5, 2], registers }),
    cameras: new Gauge({ name: 'hedgerow_cameras', help: 'Cameras by state, of the whole fleet', labelNames: ['state'] as const, registers }),
    streams: new Gauge({ name: 'hedgerow_event_streams', help: 'Open event streams', registers }),
    liveViewers: new Gauge({ name: 'hedgerow_live_viewers', help: 'Live masked views that are open', registers }),
    livePictures: new Counter({ name: 'hedgerow_live_pictures_total', help: 'Pictures of live views: sent, or skipped because the viewer was still busy with an older one', labelNames: ['outcome'] as const, registers }),
  };
}
export type Metrics = ReturnType<typeof createMetrics>;
