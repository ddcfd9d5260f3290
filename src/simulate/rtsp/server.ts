/**
 * The RTSP server of the village: one TCP port, two mounts a camera (`/cam0/main`, `/cam0/sub`). Video goes over the same
 * connection only (interleaved). A client that does not read is dropped.
 */
import net from 'node:net';
import type { Clock } from '../../core/clock.js';
import type { CameraDevice } from '../camera-device.js';
import type { Clip } from '../content/clip.js';
import { closeServer, listen } from '../listen.js';
import type { SimulateLog } from '../simulate-log.js';
import type { CameraFeed } from './camera-feed.js';
import { serveConnection, type RtspConnection } from './connection.js';

/** What stands behind a mount. */
export interface RtspMount {
  readonly device: CameraDevice;
  readonly clip: Clip;
  readonly feed: CameraFeed;
}

export interface RtspServer {
  readonly port: number;
  /** Ends the connections that show this camera. */
  hangUp(cameraIndex: number): void;
  close(): Promise<void>;
}

export async function startRtspServer(options: {
  host: string;
  port: number;
  clock: Clock;
  log: SimulateLog;
  /** @param path like `/cam0/sub`, without a track */
  mount: (path: string) => RtspMount | undefined;
}): Promise<RtspServer> {
  const connections = new Set<RtspConnection>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    const connection = serveConnection(socket, options);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  const port = await listen(server, options.host, options.port);
  return {
    port,
    hangUp(cameraIndex) {
      for (const connection of connections) if (connection.cameraIndex() === cameraIndex) connection.end();
    },
    async close() {
      for (const connection of connections) connection.end();
      await closeServer(server);
    },
  };
}
