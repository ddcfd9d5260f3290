/** What the inference thread and its owner say to each other: one union a direction, parsed at the door. */
import { z } from 'zod';
import { modelEntry } from '../model-manifest.js';

const id = z.number().int();

/** Most frames in one message. */
export const maxFramesInMessage = 32;

const frame = z.strictObject({
  id,
  /** packed RGB24 in memory that both threads see; its owner changes it only after the answer */
  rgb: z.custom<Uint8Array>((v) => v instanceof Uint8Array),
  widthPx: z.number().int().min(1).max(8192),
  heightPx: z.number().int().min(1).max(8192),
  minScore: z.number().min(0).max(1),
});

/** Owner to thread. Requests are served in order. */
export const inferenceRequest = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('start'),
    model: modelEntry,
    file: z.string(),
    threads: z.number().int().min(1),
    /** execution providers, best first */
    providers: z.array(z.string()).min(1),
  }),
  /** frames of different cameras, of any sizes; each is answered for itself as soon as it is done */
  z.strictObject({ type: z.literal('detect'), frames: z.array(frame).min(1).max(maxFramesInMessage) }),
  /** look at the known picture again */
  z.strictObject({ type: z.literal('probe') }),
  z.strictObject({ type: z.literal('stop') }),
]);
export type InferenceRequest = z.infer<typeof inferenceRequest>;

const detected = z.strictObject({
  class: z.enum(['person', 'vehicle', 'animal']),
  score: z.number(),
  xPx: z.number(),
  yPx: z.number(),
  widthPx: z.number(),
  heightPx: z.number(),
});

/** Thread to owner. */
export const inferenceReply = z.discriminatedUnion('type', [
  /** the model is loaded, warm, and found on the known picture what the manifest says */
  z.strictObject({ type: z.literal('ready'), provider: z.string(), warmUpMs: z.number() }),
  z.strictObject({ type: z.literal('refused'), code: z.enum(['model.refused', 'model.missing', 'model.failed', 'model.provider']), detail: z.string() }),
  z.strictObject({ type: z.literal('detected'), id, detections: z.array(detected), inferenceMs: z.number() }),
  z.strictObject({ type: z.literal('failed'), id, detail: z.string() }),
  /** `detail`: what is not as the manifest says; null: all is */
  z.strictObject({ type: z.literal('probed'), detail: z.string().nullable() }),
]);
export type InferenceReply = z.infer<typeof inferenceReply>;
export type RefusalCode = Extract<InferenceReply, { type: 'refused' }>['code'];
