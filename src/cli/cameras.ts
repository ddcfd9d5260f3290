/** `hedgerow cameras import|export|list|probe|commission`. */
import type { Command } from 'commander';
import { camera } from '../contract/camera.js';
import { readAll } from './answers.js';
import { addCameraTable } from './camera-table.js';
import { addCommission } from './commission.js';
import type { CliContext } from './context.js';
import { table } from './output.js';
import { addProbe } from './probe.js';
import { outputOf, withClient } from './session.js';

export { outputOf, withClient } from './session.js';

export function addCameras(program: Command, context: CliContext): void {
  const cameras = program.command('cameras').description('the inventory');

  addCameraTable(cameras, context);
  addCommission(cameras, context);
  addProbe(cameras, context);

  cameras
    .command('list')
    .description('every camera with its state')
    .action(async (_options: object, command: Command) => {
      const print = outputOf(command);
      await withClient(context, async (client) => {
        const all = await readAll(client, '/api/v1/cameras', camera, (n) => print.progress(`${n} cameras …`));
        print.json(all);
        const rows = all.map((c) => [c.id, c.name, c.state, c.pictureStatus, c.detector, c.address, c.stateReason ?? '']);
        for (const line of table([['id', 'name', 'state', 'picture', 'detector', 'address', 'why'], ...rows])) print.line(line);
      });
    });
}
