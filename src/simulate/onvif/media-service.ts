/** Media 1 (ver10/media/wsdl): two profiles a video source, RTSP over TCP, H.264. Audio is told by a trait and never sent. */
import type { Profile } from './channel.js';
import { analyticsConfiguration, audioEncoderConfiguration, audioSourceConfiguration, multicast, sourceConfiguration } from './configurations.js';
import { profileNow, profilesNow, type Service, type ServiceContext } from './service.js';
import { child, invalidArgument, notSupported, textOf } from './soap.js';
import { xml, type Xml } from './xml.js';

export const noProfile = invalidArgument('The requested profile does not exist', 'ter:NoProfile');

export const mediaService: Service = {
  path: '/onvif/media_service',
  namespace: 'http://www.onvif.org/ver10/media/wsdl',
  version: [2, 60],
  operations: {
    GetServiceCapabilities: ({ context }) => xml`<trt:GetServiceCapabilitiesResponse><trt:Capabilities SnapshotUri="false" Rotation="false"><trt:ProfileCapabilities MaximumNumberOfProfiles="${2 * context.channels.length}"/><trt:StreamingCapabilities RTPMulticast="false" RTP_TCP="true" RTP_RTSP_TCP="true"/></trt:Capabilities></trt:GetServiceCapabilitiesResponse>`,
    GetProfiles: ({ context }) => xml`<trt:GetProfilesResponse>${profilesNow(context).map((profile) => profile1(profile, 'trt:Profiles', context))}</trt:GetProfilesResponse>`,
    GetProfile: ({ context, request }) => {
      const profile = profileNow(context, textOf(request.body, 'ProfileToken'));
      return profile ? xml`<trt:GetProfileResponse>${profile1(profile, 'trt:Profile', context)}</trt:GetProfileResponse>` : noProfile;
    },
    GetVideoSources: ({ context }) =>
      xml`<trt:GetVideoSourcesResponse>${context.channels.map((channel) => {
        const video = channel.video();
        return xml`<trt:VideoSources token="${channel.sourceToken}"><tt:Framerate>${video.fps}</tt:Framerate><tt:Resolution><tt:Width>${video.widthPx}</tt:Width><tt:Height>${video.heightPx}</tt:Height></tt:Resolution></trt:VideoSources>`;
      })}</trt:GetVideoSourcesResponse>`,
    GetVideoSourceConfigurations: ({ context }) => xml`<trt:GetVideoSourceConfigurationsResponse>${context.channels.map((channel) => sourceConfiguration(channel, 'trt:Configurations', context))}</trt:GetVideoSourceConfigurationsResponse>`,
    GetVideoAnalyticsConfigurations: ({ context }) => xml`<trt:GetVideoAnalyticsConfigurationsResponse>${context.channels.map((channel) => analyticsConfiguration(channel, 'trt:Configurations', context))}</trt:GetVideoAnalyticsConfigurationsResponse>`,
    GetAudioEncoderConfigurations: ({ context }) => xml`<trt:GetAudioEncoderConfigurationsResponse>${context.device.suffering().audio ? audioEncoderConfiguration('trt:Configurations', 'G711') : undefined}</trt:GetAudioEncoderConfigurationsResponse>`,
    GetStreamUri: ({ context, request }) => {
      const profile = profileNow(context, textOf(request.body, 'ProfileToken'));
      if (!profile) return noProfile;
      const setup = child(request.body, 'StreamSetup');
      if (textOf(setup, 'Stream') === 'RTP-Multicast') return invalidArgument('Multicast is not supported', 'ter:InvalidStreamSetup');
      return xml`<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${profile.channel.streamUrl(profile.stream)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>`;
    },
    GetSnapshotUri: () => notSupported('GetSnapshotUri'),
  },
};

function profile1({ token, name, channel }: Profile, element: string, context: ServiceContext): Xml {
  const video = channel.video();
  const tag = { xml: element };
  const { audio } = context.device.suffering();
  return xml`<${tag} token="${token}" fixed="true"><tt:Name>${name}</tt:Name>${sourceConfiguration(channel, 'tt:VideoSourceConfiguration', context)}${audio ? audioSourceConfiguration('tt:AudioSourceConfiguration') : undefined}<tt:VideoEncoderConfiguration token="Encoder_${name}"><tt:Name>${name}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${video.widthPx}</tt:Width><tt:Height>${video.heightPx}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>${Math.round(video.fps)}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>1024</tt:BitrateLimit></tt:RateControl><tt:H264><tt:GovLength>${video.gopLength}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>${multicast}<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>${audio ? audioEncoderConfiguration('tt:AudioEncoderConfiguration', 'G711') : undefined}${analyticsConfiguration(channel, 'tt:VideoAnalyticsConfiguration', context)}</${tag}>`;
}
