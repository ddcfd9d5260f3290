/**
 * Which weights may run: only a file that `models/manifest.json` names by SHA-256, and only labels of the closed table below,
 * which map onto person, vehicle and animal (DESIGN.md 2.5). Everything else is refused before it is loaded.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { HedgerowError, messageOf, systemCodeOf } from '../core/errors.js';
import type { DetectionClass } from '../contract/detection.js';

/** Every label that a model may have, and the class it counts as. A label that is not here refuses the model. */
export const allowedLabels: Readonly<Record<string, Exclude<DetectionClass, 'change'>>> = {
  person: 'person',
  ...Object.fromEntries(['bicycle', 'car', 'motorcycle', 'bus', 'truck', 'train', 'boat', 'vehicle'].map((l) => [l, 'vehicle' as const])),
  ...Object.fromEntries(
    ['bird', 'cat', 'dog', 'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe', 'pig', 'goat', 'animal'].map((l) => [l, 'animal' as const]),
  ),
};

const ratio = z.number().min(0).max(1);
const label = z.string().refine((l) => Object.hasOwn(allowedLabels, l), 'is not a label of a person, a vehicle or an animal');
/** Class columns of both families: those of COCO. A label beyond them would read a box as a score. */
export const outputClasses = 80;

const side = z.number().int().min(64).max(1280).multipleOf(32);

const boxSide = z.number().min(0).max(4096);

/**
 * What the model must find on the known picture (`probe-picture.ts`), so that weights, execution provider and labels are proved
 * together before anybody relies on them. Boxes in px of that picture.
 */
const modelProbe = z.strictObject({
  picture: z.literal('street-1'),
  /** all detections from this score on */
  minScore: ratio,
  detections: z.array(z.strictObject({ class: z.enum(['person', 'vehicle', 'animal']), score: ratio, xPx: boxSide, yPx: boxSide, widthPx: boxSide, heightPx: boxSide })).min(1),
  /** of the whole raw output */
  outputMean: z.number(),
  outputDeviation: z.number().positive(),
});
export type ModelProbe = z.infer<typeof modelProbe>;

export const modelEntry = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,60}$/),
  /** file name without a folder */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.onnx$/),
  bytes: z.number().int().min(1).max(500_000_000),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  licence: z.string().min(1),
  source: z.strictObject({
    /** where exactly these bytes can be loaded from, or null: only from a mirror */
    url: z.url({ protocol: /^https$/ }).nullable(),
    repository: z.url(),
    commit: z.string(),
    path: z.string(),
    note: z.string(),
  }),
  decoder: z.enum(['nanodet-plus', 'yolox']),
  /** `by-aspect`: the height follows the frame's aspect, in steps of 32 px */
  input: z.strictObject({ widthPx: side, heightPx: z.union([side, z.literal('by-aspect')]) }),
  /** index of the model's output -> label; outputs that are not named here are never read */
  labels: z
    .record(z.string().regex(/^(0|[1-9]\d?)$/), label)
    .refine((l) => Object.keys(l).length > 0, 'names no label')
    .refine((l) => Object.keys(l).every((output) => Number(output) < outputClasses), `names an output beyond the ${outputClasses} classes`),
  probe: modelProbe,
});
export type ModelEntry = z.infer<typeof modelEntry>;

export const modelManifest = z
  .strictObject({ version: z.literal(1), models: z.array(modelEntry).min(1).max(50) })
  .refine((m) => new Set(m.models.map((e) => e.name)).size === m.models.length, 'names a model twice');
export type ModelManifest = z.infer<typeof modelManifest>;

/** Outputs of a model, grouped by our classes. */
export function classOutputs(entry: Pick<ModelEntry, 'labels'>): readonly { readonly class: DetectionClass; readonly outputs: readonly number[] }[] {
  const groups = new Map<DetectionClass, number[]>();
  for (const [output, name] of Object.entries(entry.labels)) {
    const cls = allowedLabels[name];
    if (cls) groups.set(cls, [...(groups.get(cls) ?? []), Number(output)]);
  }
  return [...groups].map(([cls, outputs]) => ({ class: cls, outputs }));
}

/** @throws HedgerowError `model.refused` */
export function parseManifest(text: string): ModelManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HedgerowError('model.refused', 'models/manifest.json is not JSON.', { cause });
  }
  const parsed = modelManifest.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HedgerowError('model.refused', `models/manifest.json is refused: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  return parsed.data;
}

/** Compares size and SHA-256 of a file with the manifest. */
export async function verifyModel(entry: ModelEntry, file: string): Promise<{ status: 'ready' } | { status: 'missing' } | { status: 'refused'; detail: string }> {
  try {
    const { size } = await stat(file);
    if (size !== entry.bytes) return { status: 'refused', detail: `${file} has ${size} bytes, the manifest says ${entry.bytes} for ${entry.name}: it is another file, or was cut off. ${todo(entry)}` };
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    return hash.digest('hex') === entry.sha256 ? { status: 'ready' } : { status: 'refused', detail: otherHash(entry, file) };
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return { status: 'missing' };
    return { status: 'refused', detail: `${file} cannot be read: ${messageOf(thrown)}` };
  }
}

/**
 * The very bytes that were verified, so that no other file can take their place before they are loaded.
 * @throws HedgerowError `model.refused` or `model.missing`
 */
export async function readVerified(entry: ModelEntry, file: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new HedgerowError('model.missing', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256) throw new HedgerowError('model.refused', otherHash(entry, file), { context: { model: entry.name } });
  return bytes;
}

function otherHash(entry: ModelEntry, file: string): string {
  return `${file} is not the file that the manifest names for ${entry.name} (SHA-256 differs): it is damaged, or another model. ${todo(entry)}`;
}

function todo(entry: ModelEntry): string {
  return `Remove it and bring the right one: hedgerow models fetch ${entry.name}${entry.source.url === null ? ' --from DIR' : ''}`;
}
