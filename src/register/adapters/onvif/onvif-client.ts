/** The ONVIF client: our own thin SOAP over HTTP, with the policies that real devices need (see the files beside it). */
import type { AddressGuard } from '../../../core/address-guard.js';
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import type { Logger } from '../../../telemetry/logger.js';
import type { DeviceClock, OnvifClient } from '../../onvif-client.js';
import { createConversation, type Conversation } from './conversation.js';
import { readAnalytics } from './analytics-facts.js';
import { readDeviceClock, readIdentity, readInformation, readServices } from './device-facts.js';
import { readUsers, setUserPassword } from './device-users.js';
import { readDigitalInputs } from './digital-inputs.js';
import { readProfiles, readStreamAddress } from './media-profiles.js';
import { readNetworkTime } from './network-time.js';
import { readMasks } from './privacy-masks.js';
import { subscribe } from './pull-point.js';
import { readRecorder } from './recorder.js';
import { createSoapTransport, type OnvifLimits } from './soap-transport.js';
import { readToldPose } from './told-pose.js';

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
        readClock: () => readDeviceClock(conversation, clock),
      });

      const readClock = async (): Promise<DeviceClock> => {
        const reading = await readDeviceClock(conversation, clock);
        conversation.learnedClock(reading);
        return reading;
      };

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
        clock: readClock,
        information: () => readInformation(conversation),
        identity: () => readIdentity(conversation),
        services: () => readServices(conversation),
        profiles: (services) => readProfiles(conversation, services),
        streamAddress: (services, profile) => readStreamAddress(conversation, services, profile),
        networkTime: () => readNetworkTime(conversation),
        async recorder(services, fromMs, untilMs, sourceToken = null) {
          // Times of recordings are in the device's clock; a device that does not tell it is taken at its word.
          if (conversation.skewMs === null) {
            await readClock().catch((thrown: unknown) => {
              if (!(thrown instanceof HedgerowError) || (thrown.code !== 'camera.reply' && thrown.code !== 'camera.auth')) throw thrown;
            });
          }
          return readRecorder(conversation, services, { clock, signal, fromMs, untilMs, sourceToken });
        },
        analytics: (services) => readAnalytics(conversation, services),
        masks: (services, profile) => readMasks(conversation, services, profile),
        toldPose: (services, profile) => readToldPose(conversation, services, profile),
        users: () => readUsers(conversation),
        setPassword: (user, password) => setUserPassword(conversation, user, password),
        digitalInputs: (services) => readDigitalInputs(conversation, services),
        subscribe: (services) => subscribe(conversation, services, clock),
      };
    },
  };
}
