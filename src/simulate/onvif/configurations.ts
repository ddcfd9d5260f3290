/** Configurations that media 1 and media 2 tell alike: video source with its lens, audio, analytics. */
import type { Channel } from './channel.js';
import { activeModules, activeRules } from './analytics-service.js';
import type { ServiceContext } from './service.js';
import { xml, type Xml } from './xml.js';

/** @param element with its prefix */
export function sourceConfiguration(channel: Channel, element: string, { device }: ServiceContext): Xml {
  const video = channel.video();
  const tag = { xml: element };
  const lens = device.suffering().geo ? xml`<tt:Extension><tt:Extension>${lensDescription(channel, video.widthPx / video.heightPx)}</tt:Extension></tt:Extension>` : undefined;
  return xml`<${tag} token="${channel.configurationToken}"><tt:Name>${channel.name}</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>${channel.sourceToken}</tt:SourceToken><tt:Bounds x="0" y="0" width="${video.widthPx}" height="${video.heightPx}"/>${lens}</${tag}>`;
}

/** A lens without distortion: the radius grows with the tangent. Half the picture's height is 1. */
function lensDescription(channel: Channel, aspect: number): Xml {
  const halfDeg = channel.horizontalFovDeg / 2;
  const tangent = (deg: number): number => Math.tan((deg * Math.PI) / 180);
  const points = [0.25, 0.5, 0.75, 1].map((share) => ({ angle: halfDeg * share, radius: (aspect * tangent(halfDeg * share)) / tangent(halfDeg) }));
  return xml`<tt:LensDescription FocalLength="4"><tt:Offset x="0" y="0"/>${points.map((p) => xml`<tt:Projection><tt:Angle>${p.angle.toFixed(3)}</tt:Angle><tt:Radius>${p.radius.toFixed(4)}</tt:Radius></tt:Projection>`)}<tt:XFactor>${aspect.toFixed(4)}</tt:XFactor></tt:LensDescription>`;
}

export const multicast = xml`<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>0</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>`;

export function audioSourceConfiguration(element: string): Xml {
  const tag = { xml: element };
  return xml`<${tag} token="AudioSourceConfig_1"><tt:Name>Audio</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>AudioSource_1</tt:SourceToken></${tag}>`;
}

/** @param encoding as the service writes it: `G711` in media 1, `PCMU` in media 2 */
export function audioEncoderConfiguration(element: string, encoding: 'G711' | 'PCMU'): Xml {
  const tag = { xml: element };
  const timeout = encoding === 'G711' ? xml`<tt:SessionTimeout>PT60S</tt:SessionTimeout>` : undefined;
  return xml`<${tag} token="AudioEncoder_1"><tt:Name>Audio</tt:Name><tt:UseCount>2</tt:UseCount><tt:Encoding>${encoding}</tt:Encoding><tt:Bitrate>64</tt:Bitrate><tt:SampleRate>8</tt:SampleRate>${multicast}${timeout}</${tag}>`;
}

export function analyticsConfiguration(channel: Channel, element: string, context: ServiceContext): Xml {
  const tag = { xml: element };
  return xml`<${tag} token="${channel.analyticsToken}"><tt:Name>Analytics</tt:Name><tt:UseCount>2</tt:UseCount><tt:AnalyticsEngineConfiguration>${activeModules('tt:AnalyticsModule')}</tt:AnalyticsEngineConfiguration><tt:RuleEngineConfiguration>${activeRules('tt:Rule', context)}</tt:RuleEngineConfiguration></${tag}>`;
}
