/**
 * Behind a port forward a device names its services on the port that it has inside. Where nothing answers there, the port
 * that we reached is asked, and used from then on if a SOAP message comes back (policy `reached-port`). The host is the
 * one that we reached either way.
 */
import { HedgerowError } from '../../../core/errors.js';
import type { DevicePolicy } from '../../device-policies.js';
import type { SoapReply, SoapRequest, SoapTransport } from './soap-transport.js';
import { judgeReply } from './soap-verdict.js';

/** @param reached address of the device service, as it was reached */
export function onReachedPort(transport: SoapTransport, reached: URL, deviates: (policy: DevicePolicy) => void): SoapTransport {
  /** hosts with ports where nothing answers */
  const closed = new Set<string>();

  return async (request) => {
    const { url } = request;
    if (url.host === reached.host) return transport(request);
    const other = elsewhere(request, reached);
    // To who asks it is the address that was asked, unless it redirects.
    const ask = async (): Promise<SoapReply> => {
      const reply = await transport(other);
      return reply.url.href === other.url.href ? { ...reply, url } : reply;
    };
    if (closed.has(url.host)) return ask();
    try {
      return await transport(request);
    } catch (thrown) {
      if (!isNoConnection(thrown) || request.signal.aborted) throw thrown;
      const reply = await ask().catch(() => null);
      if (reply === null || !isSoap(reply)) throw thrown;
      closed.add(url.host);
      deviates('reached-port');
      return reply;
    }
  };
}

function elsewhere(request: SoapRequest, reached: URL): SoapRequest {
  const url = new URL(request.url);
  url.protocol = reached.protocol;
  url.port = reached.port;
  return { ...request, url };
}

function isNoConnection(thrown: unknown): boolean {
  return thrown instanceof HedgerowError && thrown.code === 'camera.unreachable' && /^(ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH)$/.test(String(thrown.context['code']));
}

/** A refused log-in and a fault are answers of a device as well; a web page is none. */
function isSoap(reply: SoapReply): boolean {
  const judged = judgeReply(reply);
  return judged.status !== 'failed' || judged.error.context['fault'] !== undefined;
}
