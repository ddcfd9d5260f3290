/** Media 2 (ver20/media/wsdl): the same profiles as media 1, by configurations that are asked for, and privacy masks. */
import type { Profile } from './channel.js';
import { analyticsConfiguration, audioEncoderConfiguration, audioSourceConfiguration, multicast, sourceConfiguration } from './configurations.js';
import { noProfile } from './media-service.js';
import { profileNow, profilesNow, type Service, type ServiceContext } from './service.js';
import { invalidArgument, notSupported, textOf, textsOf } from './soap.js';
import { xml, type Xml } from './xml.js';

export const media2Service: Service = {
  path: '/onvif/media2_service',
  namespace: 'http://www.onvif.org/ver20/media/wsdl',
  version: [20, 12],
  operations: {
    GetServiceCapabilities: ({ context }) => xml`<tr2:GetServiceCapabilitiesResponse><tr2:Capabilities SnapshotUri="false" Mask="true"><tr2:ProfileCapabilities MaximumNumberOfProfiles="${2 * context.channels.length}" ConfigurationsSupported="VideoSource VideoEncoder AudioSource AudioEncoder Analytics"/><tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="false" RTP_RTSP_TCP="true"/></tr2:Capabilities></tr2:GetServiceCapabilitiesResponse>`,
    GetProfiles: ({ context, request }) => {
      const asked = textOf(request.body, 'Token');
      if (asked !== undefined && !profileNow(context, asked)) return noProfile;
      const types = new Set(textsOf(request.body, 'Type'));
      const shown = profilesNow(context).filter(({ token }) => asked === undefined || token === asked);
      return xml`<tr2:GetProfilesResponse>${shown.map((profile) => profile2(profile, types, context))}</tr2:GetProfilesResponse>`;
    },
    GetStreamUri: ({ context, request }) => {
      const profile = profileNow(context, textOf(request.body, 'ProfileToken'));
      if (!profile) return noProfile;
      const protocol = textOf(request.body, 'Protocol') ?? '';
      if (!['RTSP', 'RtspUnicast'].includes(protocol)) return invalidArgument(`Protocol ${protocol} is not supported`, 'ter:InvalidStreamSetup');
      return xml`<tr2:GetStreamUriResponse><tr2:Uri>${profile.channel.streamUrl(profile.stream)}</tr2:Uri></tr2:GetStreamUriResponse>`;
    },
    GetSnapshotUri: () => notSupported('GetSnapshotUri'),
    GetVideoSourceConfigurations: ({ context }) => xml`<tr2:GetVideoSourceConfigurationsResponse>${context.channels.map((channel) => sourceConfiguration(channel, 'tr2:Configurations', context))}</tr2:GetVideoSourceConfigurationsResponse>`,
    GetVideoEncoderConfigurations: ({ context }) => xml`<tr2:GetVideoEncoderConfigurationsResponse>${profilesNow(context).map((profile) => encoder2(profile, 'tr2:Configurations'))}</tr2:GetVideoEncoderConfigurationsResponse>`,
    GetAnalyticsConfigurations: ({ context }) => xml`<tr2:GetAnalyticsConfigurationsResponse>${context.channels.map((channel) => analyticsConfiguration(channel, 'tr2:Configurations', context))}</tr2:GetAnalyticsConfigurationsResponse>`,
    GetAudioEncoderConfigurations: ({ context }) => xml`<tr2:GetAudioEncoderConfigurationsResponse>${context.device.suffering().audio ? audioEncoderConfiguration('tr2:Configurations', 'PCMU') : undefined}</tr2:GetAudioEncoderConfigurationsResponse>`,
    GetMaskOptions: () => xml`<tr2:GetMaskOptionsResponse><tr2:Options RectangleOnly="true" SingleColorOnly="true"><tr2:MaxMasks>1</tr2:MaxMasks><tr2:MaxPoints>4</tr2:MaxPoints><tr2:Types>Color</tr2:Types></tr2:Options></tr2:GetMaskOptionsResponse>`,
    GetMasks: ({ context, request }) => {
      const { mask } = context.device.suffering();
      const asked = textOf(request.body, 'ConfigurationToken');
      const shown = mask === null ? [] : context.channels.filter((channel) => asked === undefined || channel.configurationToken === asked);
      return xml`<tr2:GetMasksResponse>${shown.map(({ configurationToken }) => mask && xml`<tr2:Masks token="Mask_${configurationToken}"><tr2:ConfigurationToken>${configurationToken}</tr2:ConfigurationToken><tr2:Polygon>${corners(mask).map(([x, y]) => xml`<tt:Point x="${2 * x - 1}" y="${1 - 2 * y}"/>`)}</tr2:Polygon><tr2:Type>Color</tr2:Type><tr2:Enabled>${mask.enabled}</tr2:Enabled></tr2:Masks>`).filter((part) => part !== null)}</tr2:GetMasksResponse>`;
    },
  },
};

function corners({ x, y, width, height }: { x: number; y: number; width: number; height: number }): readonly (readonly [number, number])[] {
  const [right, bottom] = [Math.min(1, x + width), Math.min(1, y + height)];
  return [[x, y], [right, y], [right, bottom], [x, bottom]];
}

function profile2(profile: Profile, types: ReadonlySet<string>, context: ServiceContext): Xml {
  const { token, name, channel } = profile;
  const { audio } = context.device.suffering();
  const part = (type: string, write: () => Xml): Xml[] => (types.has('All') || types.has(type) ? [write()] : []);
  const parts = [
    ...part('VideoSource', () => sourceConfiguration(channel, 'tr2:VideoSource', context)),
    ...(audio ? part('AudioSource', () => audioSourceConfiguration('tr2:AudioSource')) : []),
    ...part('VideoEncoder', () => encoder2(profile, 'tr2:VideoEncoder')),
    ...(audio ? part('AudioEncoder', () => audioEncoderConfiguration('tr2:AudioEncoder', 'PCMU')) : []),
    ...part('Analytics', () => analyticsConfiguration(channel, 'tr2:Analytics', context)),
  ];
  return xml`<tr2:Profiles token="${token}" fixed="true"><tr2:Name>${name}</tr2:Name>${parts.length === 0 ? undefined : xml`<tr2:Configurations>${parts}</tr2:Configurations>`}</tr2:Profiles>`;
}

function encoder2({ name, channel }: Profile, element: string): Xml {
  const video = channel.video();
  const tag = { xml: element };
  return xml`<${tag} token="Encoder_${name}" GovLength="${video.gopLength}" Profile="Main"><tt:Name>${name}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${video.widthPx}</tt:Width><tt:Height>${video.heightPx}</tt:Height></tt:Resolution><tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>${video.fps}</tt:FrameRateLimit><tt:BitrateLimit>1024</tt:BitrateLimit></tt:RateControl>${multicast}<tt:Quality>4</tt:Quality></${tag}>`;
}
