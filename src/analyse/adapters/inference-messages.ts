/** What the inference thread and its owner say to each other: one union a direction, parsed at the door. */
import { z } from 'zod';
import { modelEntry } from '../model-manifest.js';

const bytes = z.instanceof(Uint8Array);

/** Owner to thread. */
export const inferenceRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), model: modelEntry, file: z.string(), threads: z.number().int().min(1) }),
  z.strictObject({
    type: z.literal('detect'),
    id: z.number().int(),
    /** packed RGB24; its buffer is transferred */
    rgb: bytes,
    widthPx: z.number().int().min(1).max(8192),
    heightPx: z.number().int().min(1).max(8192),
    minScore: z.number().min(0).max(1),
  }),
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
  z.strictObject({ type: z.literal('ready'), warmUpMs: z.number() }),
  z.strictObject({ type: z.literal('refused'), detail: z.string() }),
  z.strictObject({ type: z.literal('detected'), id: z.number().int(), detections: z.array(detected), inferenceMs: z.number() }),
  z.strictObject({ type: z.literal('failed'), id: z.number().int(), detail: z.string() }),
]);
export type InferenceReply = z.infer<typeof inferenceReply>;
