/** Media 1 (ver10/media/wsdl) and media 2 (ver20/media/wsdl): two profiles, RTSP over TCP, H.264. No audio. */
import { isProfile, profileTokens, type ProfileToken, type Service, type ServiceContext } from './service.js';
import { child, invalidArgument, notSupported, textOf } from './soap.js';
import { xml, type Xml } from './xml.js';

export const mediaService: Service = {
  path: '/onvif/media_service',
  namespace: 'http://www.onvif.org/ver10/media/wsdl',
  version: [2, 60],
  operations: {
    GetServiceCapabilities: () => xml`<trt:GetServiceCapabilitiesResponse><trt:Capabilities SnapshotUri="false" Rotation="false"><trt:ProfileCapabilities MaximumNumberOfProfiles="2"/><trt:StreamingCapabilities RTPMulticast="false" RTP_TCP="true" RTP_RTSP_TCP="true"/></trt:Capabilities></trt:GetServiceCapabilitiesResponse>`,
    GetProfiles: ({ context }) => xml`<trt:GetProfilesResponse>${profileTokens.map((token) => profile1(token, 'trt:Profiles', context))}</trt:GetProfilesResponse>`,
    GetProfile: ({ context, request }) => {
      const token = textOf(request.body, 'ProfileToken');
      return isProfile(token) ? xml`<trt:GetProfileResponse>${profile1(token, 'trt:Profile', context)}</trt:GetProfileResponse>` : noProfile;
    },
    GetVideoSources: ({ context }) => {
      const video = context.video();
      return xml`<trt:GetVideoSourcesResponse><trt:VideoSources token="VideoSource_1"><tt:Framerate>${video.fps}</tt:Framerate><tt:Resolution><tt:Width>${video.widthPx}</tt:Width><tt:Height>${video.heightPx}</tt:Height></tt:Resolution></trt:VideoSources></trt:GetVideoSourcesResponse>`;
    },
    GetStreamUri: ({ context, request }) => {
      const token = textOf(request.body, 'ProfileToken');
      if (!isProfile(token)) return noProfile;
      const setup = child(request.body, 'StreamSetup');
      if (textOf(setup, 'Stream') === 'RTP-Multicast') return invalidArgument('Multicast is not supported', 'ter:InvalidStreamSetup');
      return xml`<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${context.streamUrl(token)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>`;
    },
    GetSnapshotUri: () => notSupported('GetSnapshotUri'),
  },
};

export const media2Service: Service = {
  path: '/onvif/media2_service',
  namespace: 'http://www.onvif.org/ver20/media/wsdl',
  version: [20, 12],
  operations: {
    GetServiceCapabilities: () => xml`<tr2:GetServiceCapabilitiesResponse><tr2:Capabilities SnapshotUri="false" Mask="false"><tr2:ProfileCapabilities MaximumNumberOfProfiles="2" ConfigurationsSupported="VideoSource VideoEncoder"/><tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="false" RTP_RTSP_TCP="true"/></tr2:Capabilities></tr2:GetServiceCapabilitiesResponse>`,
    GetProfiles: ({ context, request }) => {
      const asked = textOf(request.body, 'Token');
      if (asked !== undefined && !isProfile(asked)) return noProfile;
      const types = typesOf(request.body['Type']);
      const shown = profileTokens.filter((token) => asked === undefined || token === asked);
      return xml`<tr2:GetProfilesResponse>${shown.map((token) => profile2(token, types, context))}</tr2:GetProfilesResponse>`;
    },
    GetStreamUri: ({ context, request }) => {
      const token = textOf(request.body, 'ProfileToken');
      if (!isProfile(token)) return noProfile;
      const protocol = textOf(request.body, 'Protocol') ?? '';
      if (!['RTSP', 'RtspUnicast'].includes(protocol)) return invalidArgument(`Protocol ${protocol} is not supported`, 'ter:InvalidStreamSetup');
      return xml`<tr2:GetStreamUriResponse><tr2:Uri>${context.streamUrl(token)}</tr2:Uri></tr2:GetStreamUriResponse>`;
    },
    GetSnapshotUri: () => notSupported('GetSnapshotUri'),
    GetVideoEncoderConfigurations: ({ context }) => xml`<tr2:GetVideoEncoderConfigurationsResponse>${profileTokens.map((token) => encoder2(token, 'tr2:Configurations', context))}</tr2:GetVideoEncoderConfigurationsResponse>`,
  },
};

const noProfile = invalidArgument('The requested profile does not exist', 'ter:NoProfile');

const short = (token: ProfileToken): string => token.slice('Profile_'.length);

function typesOf(value: unknown): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return new Set(list.map((item) => textOf({ item }, 'item') ?? ''));
}

function source(video: ReturnType<ServiceContext['video']>): Xml {
  return xml`<tt:Name>Source</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>VideoSource_1</tt:SourceToken><tt:Bounds x="0" y="0" width="${video.widthPx}" height="${video.heightPx}"/>`;
}

const multicast = xml`<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>0</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>`;

function profile1(token: ProfileToken, element: string, context: ServiceContext): Xml {
  const video = context.video();
  const tag = { xml: element };
  return xml`<${tag} token="${token}" fixed="true"><tt:Name>${short(token)}</tt:Name><tt:VideoSourceConfiguration token="SourceConfig_1">${source(video)}</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="Encoder_${short(token)}"><tt:Name>${short(token)}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${video.widthPx}</tt:Width><tt:Height>${video.heightPx}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>${Math.round(video.fps)}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>1024</tt:BitrateLimit></tt:RateControl><tt:H264><tt:GovLength>${video.gopLength}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>${multicast}<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration></${tag}>`;
}

function profile2(token: ProfileToken, types: ReadonlySet<string>, context: ServiceContext): Xml {
  const wants = (type: string): boolean => types.has('All') || types.has(type);
  const sourcePart = wants('VideoSource') ? xml`<tr2:VideoSource token="SourceConfig_1">${source(context.video())}</tr2:VideoSource>` : undefined;
  const encoderPart = wants('VideoEncoder') ? encoder2(token, 'tr2:VideoEncoder', context) : undefined;
  const configurations = sourcePart || encoderPart ? xml`<tr2:Configurations>${sourcePart}${encoderPart}</tr2:Configurations>` : undefined;
  return xml`<tr2:Profiles token="${token}" fixed="true"><tr2:Name>${short(token)}</tr2:Name>${configurations}</tr2:Profiles>`;
}

function encoder2(token: ProfileToken, element: string, context: ServiceContext): Xml {
  const video = context.video();
  const tag = { xml: element };
  return xml`<${tag} token="Encoder_${short(token)}" GovLength="${video.gopLength}" Profile="Main"><tt:Name>${short(token)}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${video.widthPx}</tt:Width><tt:Height>${video.heightPx}</tt:Height></tt:Resolution><tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>${video.fps}</tt:FrameRateLimit><tt:BitrateLimit>1024</tt:BitrateLimit></tt:RateControl>${multicast}<tt:Quality>4</tt:Quality></${tag}>`;
}
