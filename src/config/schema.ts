/**
 * The configuration: one strict schema (unknown keys are refused). `config/default.yaml` documents every key and is held
 * against this schema by a test.
 */
import { z } from 'zod';

const ms = (min: number, max: number) => z.number().int().min(min).max(max);
const ratio = z.number().min(0).max(1);
const cidr = z.string().regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, 'is not a network in CIDR form');

export const configSchema = z.strictObject({
  dataFolder: z.string().min(1),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']) }),
  api: z.strictObject({
    host: z.string().min(1),
    port: z.number().int().min(0).max(65535),
    /** address of the console as people reach it, for links in deliveries */
    publicUrl: z.url().nullable(),
    /** origins besides our own that may send requests with a session cookie */
    allowedOrigins: z.array(z.url()),
    bodyLimitBytes: z.number().int().min(1024),
    requestsPerMinute: z.number().int().min(10),
    sessionHours: z.number().min(0.1).max(720),
    trustProxy: z.boolean(),
  }),
  database: z.strictObject({ url: z.string().nullable(), poolSize: z.number().int().min(2).max(200) }),
  queue: z.strictObject({ redisUrl: z.string().nullable(), concurrency: z.number().int().min(1).max(100), prefix: z.string().min(1) }),
  store: z.strictObject({
    s3: z
      .strictObject({
        endpoint: z.url(),
        bucket: z.string().min(3).max(63),
        region: z.string().min(1),
        accessKeyId: z.string().min(1),
        secretAccessKey: z.string().min(1),
        forcePathStyle: z.boolean(),
      })
      .nullable(),
    sweepEveryMs: ms(1_000, 86_400_000),
  }),
  register: z.strictObject({
    allowNetworks: z.array(cidr),
    denyNetworks: z.array(cidr),
    connectTimeoutMs: ms(100, 60_000),
    replyTimeoutMs: ms(100, 60_000),
    maxReplyBytes: z.number().int().min(1024),
    /** the networks of this machine's own interfaces may be connected to as well */
    allowOwnNetworks: z.boolean(),
    /** so many refused log-ins on one device within the window, and no other is tried until it has passed */
    lockout: z.strictObject({ refusedLogins: z.number().int().min(1).max(10), windowMs: ms(60_000, 86_400_000) }),
    sweep: z.strictObject({ perSecond: z.number().int().min(1).max(2_000), bridges: z.boolean() }),
    /** devices on one host that are climbed at once (a forwarded address has many); never two climbs on one device */
    climbsPerHost: z.number().int().min(1).max(100),
    onboardingsAtOnce: z.number().int().min(1).max(500),
    discoveryListenMs: ms(100, 60_000),
    probeEveryMs: ms(1_000, 3_600_000),
  }),
  ingest: z.strictObject({
    adapter: z.enum(['rtsp', 'node-av', 'ffmpeg']),
    maxWidthPx: z.number().int().min(64).max(960),
    connectTimeoutMs: ms(500, 60_000),
    stallMs: ms(1_000, 600_000),
    reconnect: z.strictObject({ initialMs: ms(50, 60_000), factor: z.number().min(1).max(10), capMs: ms(100, 3_600_000), jitterRatio: ratio }),
    connectsPerHost: z.number().int().min(1).max(100),
    leaseMs: ms(1_000, 600_000),
    maxCameras: z.number().int().min(1).max(100_000),
  }),
  // What a person or a vehicle must do to be painted out has bounds: no configuration makes a mask that lets them through
  // (DESIGN.md 2.4: there is no setting to send anyway).
  analyse: z
    .strictObject({
      detector: z.enum(['auto', 'off']),
      model: z.string().min(1),
      modelsFolder: z.string().nullable(),
      threads: z.number().int().min(1).max(64),
      /** ONNX execution providers in order of preference; one that this machine has not is refused at start */
      providers: z.array(z.enum(['cpu', 'cuda', 'openvino', 'tensorrt', 'webgpu', 'coreml', 'dml'])).min(1).max(4),
      /** how many frames of different cameras go to the inference thread at once, and how long the first one waits for others */
      batch: z.strictObject({ max: z.number().int().min(1).max(32), waitMs: ms(0, 1_000) }),
      maskScore: z.number().min(0.01).max(0.4),
      alertScore: ratio,
      growRatio: z.number().min(0.02).max(1),
      blockPx: z.number().int().min(4).max(32),
      blockThreshold: z.number().min(1).max(20),
      learnMs: ms(1_000, 3_600_000),
      maxHeldRatio: ratio,
      carryMs: ms(1_000, 60_000),
      jpegQuality: z.number().int().min(30).max(95),
      /** a picture shows the nearest ground point with at most so many px a metre, where the camera's place and view are known */
      maxDensityPxPerM: z.number().min(25).max(250),
      /** a picture at least this often while nothing happens */
      quietPictureMs: ms(1_000, 86_400_000),
      /** and at most this often while something does */
      busyPictureMs: ms(200, 86_400_000),
    })
    .refine((a) => a.maskScore <= a.alertScore, { path: ['maskScore'], message: 'is above alertScore: what raises an alert must be painted out' }),
  /** the pictures around an alert as one file */
  reel: z.strictObject({
    enabled: z.boolean(),
    beforeMs: ms(0, 60_000),
    afterMs: ms(0, 120_000),
    maxPerSecond: z.number().min(0.1).max(5),
    /** most memory for pictures that wait to become part of a reel, in one process */
    maxMemoryBytes: z.number().int().min(1_000_000),
  }),
  watch: z.strictObject({ maxClockSkewMs: ms(100, 3_600_000), downAfterMs: ms(1_000, 600_000) }),
  alert: z.strictObject({
    webhook: z.strictObject({
      allowNetworks: z.array(cidr),
      denyNetworks: z.array(cidr),
      timeoutMs: ms(100, 60_000),
      attempts: z.number().int().min(1).max(100),
      retry: z.strictObject({ initialMs: ms(50, 600_000), factor: z.number().min(1).max(10), capMs: ms(100, 86_400_000), jitterRatio: ratio }),
    }),
  }),
  simulate: z.strictObject({
    cameras: z.number().int().min(0).max(500),
    video: z.string().nullable(),
    host: z.string().min(1),
    /** WS-Discovery answers on UDP 3702 */
    discovery: z.boolean(),
    controlPort: z.number().int().min(0).max(65535),
    basePort: z.number().int().min(0).max(65000),
    /** walkers and cars of the drawn scenes carry a known pattern, for the search after leaked frames */
    watermark: z.boolean(),
    /** some drawn cameras begin with somebody who stays, a parked car or weather */
    situations: z.boolean(),
  }),
});
export type Config = z.infer<typeof configSchema>;
