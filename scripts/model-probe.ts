/**
 * `npx tsx scripts/model-probe.ts FOLDER [NAME…]`: the probe of the manifest's models, computed from the weights in FOLDER on the
 * CPU, to be put into models/manifest.json. Run it only on weights whose boxes were checked against a reference.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { families } from '../src/analyse/adapters/decoders.js';
import { createLetterbox, inputHeightPx } from '../src/analyse/adapters/letterbox.js';
import { spread } from '../src/analyse/adapters/model-probe.js';
import { drawProbePicture } from '../src/analyse/adapters/probe-picture.js';
import { classOutputs, readVerified, type ModelEntry } from '../src/analyse/model-manifest.js';

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) {
  console.error('npx tsx scripts/model-probe.ts FOLDER [NAME…]');
  process.exit(2);
}
// Read as it is: an entry whose probe is to be computed has none yet.
const { models } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../models/manifest.json'), 'utf8')) as { models: ModelEntry[] };
const minScore = 0.25;
const picture = drawProbePicture();
const round = (value: number, digits: number): number => Number(value.toFixed(digits));
for (const model of models.filter((m) => names.length === 0 || names.includes(m.name))) {
  const session = await ort.InferenceSession.create(await readVerified(model, path.join(folder, model.file)), { logSeverityLevel: 3 });
  const family = families[model.decoder];
  const heightPx = inputHeightPx(model.input.widthPx, model.input.heightPx, picture.widthPx, picture.heightPx);
  const { data, box } = createLetterbox(picture.widthPx, picture.heightPx, model.input.widthPx, heightPx, family.norm);
  const scale = box(picture.rgb);
  const output = (await session.run({ [family.inputName]: new ort.Tensor('float32', data, [1, 3, heightPx, model.input.widthPx]) }))[family.outputName]?.data as Float32Array;
  const found = family.decode({ output, widthPx: model.input.widthPx, heightPx, scale, frameWidthPx: picture.widthPx, frameHeightPx: picture.heightPx, minScore, groups: classOutputs(model) });
  const { mean, deviation } = spread(output);
  const detections = found.map((d) => ({ class: d.class, score: round(d.score, 3), xPx: round(d.xPx, 0), yPx: round(d.yPx, 0), widthPx: round(d.widthPx, 0), heightPx: round(d.heightPx, 0) }));
  console.log(JSON.stringify({ name: model.name, probe: { picture: 'street-1', minScore, detections, outputMean: round(mean, 5), outputDeviation: round(deviation, 5) } }));
}
