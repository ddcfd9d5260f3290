/** A process that does nothing but pull frames, for ingest-cpu.mjs: `ours` is the default adapter, `node-av` the one by libav, `bare` is libav and a loop. */
import { AV_LOG_QUIET, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FormatContext, Frame, Log, Packet } from 'node-av/lib';
import { setInterval } from 'node:timers/promises';
import { SystemClock } from '../../dist/src/core/clock.js';
import { createAutoFrameSource } from '../../dist/src/ingest/adapters/auto-frame-source.js';
import { createNodeAvFrameSource } from '../../dist/src/ingest/adapters/node-av-frame-source.js';

const never = AbortSignal.any([]);
const [kind, template, countText] = process.argv.slice(2);
const urls = Array.from({ length: Number(countText) }, (_, i) => template.replace('{i}', String(i)));
let frames = 0;
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));

if (kind !== 'bare') {
  const silent = { debug() {}, info() {}, warn() {}, error: (c, m) => console.error(m, c), child: () => silent };
  const source = (kind === 'ours' ? createAutoFrameSource : createNodeAvFrameSource)({ clock: new SystemClock(), log: silent });
  urls.forEach((url, i) => {
    const target = { cameraId: `camera${i}`, siteId: 'site', url, username: null, password: null, sampleIntervalMs: 1_000, configVersion: 1 };
    source
      .run({ target, runId: `run${i}`, maxWidthPx: 640, connectTimeoutMs: 8_000, stallMs: 15_000, signal: never, onFrame: () => (frames += 1) })
      .then((end) => console.error(`${url}: ${end.reason}: ${end.detail}`));
  });
} else {
  Log.setLevel(AV_LOG_QUIET);
  for (const url of urls) void bare(url);
}

for await (const told of setInterval(1_000, () => ({ frames }))) process.send?.(told());

async function bare(url) {
  const input = new FormatContext();
  input.allocContext();
  if ((await input.openInput(url, null, Dictionary.fromObject({ rtsp_transport: 'tcp', allowed_media_types: 'video' }))) < 0) throw new Error(`cannot open ${url}`);
  const stream = input.streams.find((s) => s.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.threadCount = 1;
  await decoder.open2(codec, null);
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  while ((await input.readFrame(packet)) >= 0) {
    if (packet.streamIndex === stream.index && packet.isKeyframe) {
      await decoder.sendPacket(packet);
      while ((await decoder.receiveFrame(frame)) >= 0) {
        frames += 1;
        frame.unref();
      }
    }
    packet.unref();
  }
}
