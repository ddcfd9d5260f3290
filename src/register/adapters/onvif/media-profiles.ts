/** Media profiles and their stream addresses: media 2 first (only it knows H.265), media 1 where media 2 fails. */
import { HedgerowError } from '../../../core/errors.js';
import type { DeviceServices, MediaProfile } from '../../onvif-client.js';
import { attribute, child, children, escapeXml, find, numberAt, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { askAnywhere } from './service-address.js';
import { namespaces } from './soap-message.js';

const { trt, tr2 } = namespaces;
const pictureTypes = ['VideoSource', 'VideoEncoder'];

export async function readProfiles(conversation: Conversation, services: DeviceServices): Promise<readonly MediaProfile[]> {
  let failure: unknown;
  if (services.media2 !== null) {
    // A device that knows no audio or no analytics may refuse their names: then it is asked for the pictures alone.
    for (const wanted of [[...pictureTypes, 'AudioEncoder', 'Analytics'], pictureTypes]) {
      try {
        const body = await conversation.call({
          url: services.media2,
          action: `${tr2}/GetProfiles`,
          body: `<tr2:GetProfiles>${wanted.map((type) => `<tr2:Type>${type}</tr2:Type>`).join('')}</tr2:GetProfiles>`,
        });
        const profiles = children(find(body, 'GetProfilesResponse'), 'Profiles').flatMap((p) => profileOfMedia2(p, wanted.length > pictureTypes.length));
        if (profiles.length > 0) return profiles;
        break;
      } catch (thrown) {
        if (!isNoAnswer(thrown)) throw thrown;
        failure = thrown;
        if (thrown.code !== 'camera.reply' || thrown.context['unsupported'] === true) break;
      }
    }
  }
  if (services.media1 !== null) {
    const body = await askAnywhere(conversation, services, { url: services.media1, action: `${trt}/GetProfiles`, body: '<trt:GetProfiles/>' }, 'GetProfilesResponse');
    if (services.media2 !== null) conversation.deviates('media1-instead-of-media2');
    return children(find(body, 'GetProfilesResponse'), 'Profiles').flatMap(profileOfMedia1);
  }
  if (failure !== undefined) throw failure as Error;
  return [];
}

function profileOfMedia1(profile: XmlValue): MediaProfile[] {
  return profileOf(profile, child(profile, 'VideoEncoderConfiguration'), {
    media: 1,
    sourceToken: textAt(profile, 'VideoSourceConfiguration', 'SourceToken'),
    audio: child(profile, 'AudioEncoderConfiguration') !== undefined,
    analytics: child(profile, 'VideoAnalyticsConfiguration') !== undefined,
  });
}

/** @param askedForAll whether audio and analytics were among the types asked for: only then their absence says something */
function profileOfMedia2(profile: XmlValue, askedForAll: boolean): MediaProfile[] {
  const parts = child(profile, 'Configurations');
  const has = (name: string): boolean | null => (child(parts, name) !== undefined ? true : askedForAll ? false : null);
  return profileOf(profile, child(parts, 'VideoEncoder'), {
    media: 2,
    sourceToken: textAt(parts, 'VideoSource', 'SourceToken'),
    audio: has('AudioEncoder'),
    analytics: has('Analytics'),
  });
}

/** A profile without a video encoder carries no picture; one whose encoder tells nothing is kept and chosen last. */
function profileOf(profile: XmlValue, encoder: XmlValue | undefined, more: Pick<MediaProfile, 'media' | 'sourceToken' | 'audio' | 'analytics'>): MediaProfile[] {
  const token = attribute(profile, 'token');
  if (token === null || encoder === undefined) return [];
  const rate = child(encoder, 'RateControl');
  return [
    {
      token,
      name: textAt(profile, 'Name') ?? token,
      codec: normalCodec(textAt(encoder, 'Encoding')),
      widthPx: positive(numberAt(encoder, 'Resolution', 'Width')),
      heightPx: positive(numberAt(encoder, 'Resolution', 'Height')),
      fps: positive(numberAt(rate, 'FrameRateLimit')),
      bitrateKbps: positive(numberAt(rate, 'BitrateLimit')),
      gopFrames: positive(Number(attribute(encoder, 'GovLength') ?? textAt(encoder, 'H264', 'GovLength') ?? Number.NaN)),
      ...more,
    },
  ];
}

function normalCodec(text: string | null): string | null {
  if (text === null) return null;
  const plain = text.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return plain === 'HEVC' ? 'H265' : plain === 'AVC' ? 'H264' : plain;
}

function positive(value: number | null): number | null {
  return value !== null && Number.isFinite(value) && value > 0 ? value : null;
}

export async function readStreamAddress(conversation: Conversation, services: DeviceServices, profile: MediaProfile): Promise<string> {
  const token = escapeXml(profile.token);
  const ways: (() => Promise<string | null>)[] = [];
  if (services.media2 !== null) {
    const url = services.media2;
    ways.push(async () => {
      const body = await conversation.call({
        url,
        action: `${tr2}/GetStreamUri`,
        body: `<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>${token}</tr2:ProfileToken></tr2:GetStreamUri>`,
      });
      return textAt(find(body, 'GetStreamUriResponse'), 'Uri');
    });
  }
  if (services.media1 !== null) {
    const url = services.media1;
    ways.push(async () => {
      const call = {
        url,
        action: `${trt}/GetStreamUri`,
        body:
          '<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>' +
          `<trt:ProfileToken>${token}</trt:ProfileToken></trt:GetStreamUri>`,
      };
      const body = await askAnywhere(conversation, services, call, 'GetStreamUriResponse');
      const told = find(body, 'GetStreamUriResponse');
      // Some leave out the element around it (onvif_simple_server).
      return textAt(told, 'MediaUri', 'Uri') ?? textAt(told, 'Uri');
    });
  }
  if (profile.media === 1) ways.reverse();
  let failure: unknown = new HedgerowError('camera.reply', 'It has no media service.');
  for (const [index, way] of ways.entries()) {
    try {
      const told = await way();
      if (told !== null) {
        if (index > 0) conversation.deviates(profile.media === 2 ? 'media1-stream-address' : 'media2-stream-address');
        // Names what is wrong with the address; it is told as it came.
        conversation.place(told);
        return told;
      }
      failure = new HedgerowError('camera.reply', 'It tells no stream address.');
    } catch (thrown) {
      if (!isNoAnswer(thrown)) throw thrown;
      failure = thrown;
    }
  }
  throw failure as Error;
}

/** One of two services that fails, hangs up or keeps itself from this account is no reason not to ask the other. */
function isNoAnswer(thrown: unknown): thrown is HedgerowError {
  return thrown instanceof HedgerowError && (thrown.code === 'camera.reply' || thrown.code === 'camera.unreachable' || (thrown.code === 'camera.auth' && thrown.context['rights'] === true));
}
