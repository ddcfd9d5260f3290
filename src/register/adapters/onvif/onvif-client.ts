/** The ONVIF client: our own thin SOAP over HTTP, with the policies that real devices need (see the files beside it). */
import type { AddressGuard } from '../../../core/address-guard.js';
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import type { Logger } from '../../../telemetry/logger.js';
import type { OnvifClient } from '../../onvif-client.js';
import { createConversation, type Conversation } from './conversation.js';
import { readDeviceClock, readIdentity, readInformation, readServices } from './device-facts.js';
import { readProfiles, readStreamAddress } from './media-profiles.js';
import { readDigitalInputs, subscribe } from './pull-point.js';
import { createSoapTransport, type OnvifLimits } from './soap-transport.js';

/** @param options.guard holds every address, those that devices tell included, against the allowed networks */
export function createOnvifClient({ guard, clock, log, limits }: { guard: AddressGuard; clock: Clock; log: Logger; limits: OnvifLimits }): OnvifClient {
  const transport = createSoapTransport({ clock, limits });

  return {
    async open(target, signal) {
      if (!URL.canParse(target.url)) throw new HedgerowError('camera.address', 'The address of the device is no URL.');
      const url = new URL(target.url);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const pinned = await guard.pin(host);
      const conversation: Conversation = createConversation({
        url,
        pinned,
        username: target.username,
        password: target.password,
        authMode: target.authMode,
        ...(target.maxRefusals === undefined ? {} : { maxRefusals: target.maxRefusals }),
        transport: async (request) => {
          const reply = await transport(request);
          log.debug({ host, action: request.action, status: reply.status, bytes: reply.body.length }, 'onvif reply');
          return reply;
        },
        clock,
        signal,
        readClock: () => readDeviceClock((call) => conversation.callOpen(call), clock),
      });

      return {
        host,
        address: pinned.address,
        port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
        get authMode() {
          return conversation.authMode;
        },
        get skewMs() {
          return conversation.skewMs;
        },
        deviations: conversation.deviations,
        async clock() {
          const reading = await readDeviceClock((call) => conversation.callOpen(call), clock);
          conversation.learnedClock(reading);
          return reading;
        },
        information: () => readInformation(conversation),
        identity: () => readIdentity(conversation),
        services: () => readServices(conversation, host),
        profiles: (services) => readProfiles(conversation, services),
        streamAddress: (services, profile) => readStreamAddress(conversation, services, profile),
        networkTime: notBuilt,
        recorder: notBuilt,
        analytics: notBuilt,
        masks: notBuilt,
        toldPose: notBuilt,
        users: notBuilt,
        setPassword: notBuilt,
        digitalInputs: (services) => readDigitalInputs(conversation, services),
        subscribe: (services) => subscribe(conversation, services, host),
      };
    },
  };
}

const notBuilt = (): Promise<never> => Promise.reject(new HedgerowError('process.defect', 'This is not built yet.'));
