/** The streams of ingest-cpu.mjs: the simulated village in a process of its own, without passwords. */
import { SystemClock } from '../../dist/src/core/clock.js';
import { startVillage } from '../../dist/src/simulate/village.js';

const [cameras, video] = process.argv.slice(2);
// A client that is too slow for its streams is dropped: the comparison with it is void then.
const log = { debug() {}, info() {}, warn: (c, m) => process.send?.({ warned: m }), error: (c, m) => console.error(m, c) };
const village = await startVillage({ cameras: Number(cameras), video: video ?? null, host: '127.0.0.1', discovery: false, controlPort: 0, clock: new SystemClock(), log, requireAuth: false });
await village.contentComplete;
process.send?.({ template: village.cameras[0].mainRtspUrl.replace('/cam0/', '/cam{i}/') });
process.on('SIGTERM', () => void village.close().then(() => process.exit(0)));
process.on('disconnect', () => process.exit(0));
