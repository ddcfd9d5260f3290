/** Device management (ver10/device/wsdl): clock, services, identity, network. */
import { getUsers, setUser } from './user-operations.js';
import { clampTime, type Call, type Operation, type Service } from './service.js';
import { notSupported, textOf } from './soap.js';
import { xml, type Xml } from './xml.js';

export const devicePath = '/onvif/device_service';

/** @param services every service of the device, this one among them */
export function createDeviceService(services: () => readonly Service[]): Service {
  return {
    path: devicePath,
    namespace: 'http://www.onvif.org/ver10/device/wsdl',
    version: [21, 6],
    operations: {
      GetSystemDateAndTime: getSystemDateAndTime,
      GetServices: (call) => getServices(call, services()),
      GetCapabilities: getCapabilities,
      GetServiceCapabilities: () => xml`<tds:GetServiceCapabilitiesResponse><tds:Capabilities><tds:Network NTP="1" IPVersion6="false"/><tds:Security HttpDigest="true" UsernameToken="true"/><tds:System DiscoveryBye="true"/></tds:Capabilities></tds:GetServiceCapabilitiesResponse>`,
      GetDeviceInformation: getDeviceInformation,
      GetScopes: ({ context }) => xml`<tds:GetScopesResponse>${scopesOf(context.device).map((scope) => xml`<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>${scope}</tt:ScopeItem></tds:Scopes>`)}</tds:GetScopesResponse>`,
      GetEndpointReference: ({ context }) => xml`<tds:GetEndpointReferenceResponse><tds:GUID>urn:uuid:${context.device.uuid}</tds:GUID></tds:GetEndpointReferenceResponse>`,
      GetHostname: ({ context }) => xml`<tds:GetHostnameResponse><tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>cam${context.device.index}</tt:Name></tds:HostnameInformation></tds:GetHostnameResponse>`,
      GetNetworkInterfaces: getNetworkInterfaces,
      GetNetworkProtocols: ({ context }) => xml`<tds:GetNetworkProtocolsResponse>${protocol('HTTP', context.httpPort)}${protocol('RTSP', context.rtspPort)}</tds:GetNetworkProtocolsResponse>`,
      GetNTP: getNtp,
      GetGeoLocation: getGeoLocation,
      GetUsers: getUsers,
      SetUser: setUser,
    },
  };
}

export function scopesOf(device: { name: string; index: number; macAddress: string; serialNumber: string }): readonly string[] {
  return [
    'onvif://www.onvif.org/type/video_encoder',
    'onvif://www.onvif.org/Profile/Streaming',
    'onvif://www.onvif.org/Profile/T',
    'onvif://www.onvif.org/Profile/G',
    'onvif://www.onvif.org/hardware/SIM-360',
    `onvif://www.onvif.org/name/${encodeURIComponent(device.name)}`,
    'onvif://www.onvif.org/location/village',
    `onvif://www.onvif.org/MacAddress/${device.macAddress}`,
    `onvif://www.onvif.org/SerialNumber/${device.serialNumber}`,
  ];
}

const getSystemDateAndTime: Operation = ({ context }) => {
  const now = new Date(clampTime(context.device.nowMs()));
  const stamp = xml`<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>`;
  return xml`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>${context.device.suffering().ntp === 'off' ? 'Manual' : 'NTP'}</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone><tt:UTCDateTime>${stamp}</tt:UTCDateTime><tt:LocalDateTime>${stamp}</tt:LocalDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;
};

function getServices({ context, request }: Call, services: readonly Service[]): Xml {
  const capabilities = textOf(request.body, 'IncludeCapability') === 'true' ? xml`<tds:Capabilities/>` : undefined;
  return xml`<tds:GetServicesResponse>${services.map(
    (s) => xml`<tds:Service><tds:Namespace>${s.namespace}</tds:Namespace><tds:XAddr>${context.url(s.path)}</tds:XAddr>${capabilities}<tds:Version><tt:Major>${s.version[0]}</tt:Major><tt:Minor>${s.version[1]}</tt:Minor></tds:Version></tds:Service>`,
  )}</tds:GetServicesResponse>`;
}

const getCapabilities: Operation = ({ context, request }) => {
  const wanted = textOf(request.body, 'Category') ?? 'All';
  const part = (name: string, path: string, more: Xml): Xml | undefined =>
    wanted === 'All' || wanted === name ? xml`<${{ xml: `tt:${name}` }}><tt:XAddr>${context.url(path)}</tt:XAddr>${more}</${{ xml: `tt:${name}` }}>` : undefined;
  const address = (name: string, path: string, more: Xml): Xml => xml`<${{ xml: `tt:${name}` }}><tt:XAddr>${context.url(path)}</tt:XAddr>${more}</${{ xml: `tt:${name}` }}>`;
  const extension =
    wanted === 'All'
      ? xml`<tt:Extension>${address('DeviceIO', '/onvif/deviceio_service', xml`<tt:VideoSources>${context.channels.length}</tt:VideoSources><tt:VideoOutputs>0</tt:VideoOutputs><tt:AudioSources>${context.device.suffering().audio ? 1 : 0}</tt:AudioSources><tt:AudioOutputs>0</tt:AudioOutputs><tt:RelayOutputs>0</tt:RelayOutputs>`)}${address('Recording', '/onvif/recording_service', xml`<tt:ReceiverSource>false</tt:ReceiverSource><tt:MediaProfileSource>true</tt:MediaProfileSource><tt:DynamicRecordings>false</tt:DynamicRecordings><tt:DynamicTracks>false</tt:DynamicTracks><tt:MaxStringLength>64</tt:MaxStringLength>`)}${address('Search', '/onvif/search_service', xml`<tt:MetadataSearch>false</tt:MetadataSearch>`)}</tt:Extension>`
      : undefined;
  return xml`<tds:GetCapabilitiesResponse><tds:Capabilities>${part('Analytics', '/onvif/analytics_service', xml`<tt:RuleSupport>true</tt:RuleSupport><tt:AnalyticsModuleSupport>true</tt:AnalyticsModuleSupport>`)}${part('Device', devicePath, xml``)}${part('Events', '/onvif/event_service', xml`<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport>`)}${part('Media', '/onvif/media_service', xml`<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities>`)}${extension}</tds:Capabilities></tds:GetCapabilitiesResponse>`;
};

const getDeviceInformation: Operation = ({ context: { device } }) =>
  xml`<tds:GetDeviceInformationResponse><tds:Manufacturer>Hedgerow</tds:Manufacturer><tds:Model>Simulated camera</tds:Model><tds:FirmwareVersion>1.0.0</tds:FirmwareVersion><tds:SerialNumber>${device.serialNumber}</tds:SerialNumber><tds:HardwareId>SIM-360</tds:HardwareId></tds:GetDeviceInformationResponse>`;

const getNetworkInterfaces: Operation = ({ context: { device, host } }) =>
  xml`<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>${device.macAddress}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual><tt:Address>${host}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:Config></tt:IPv4></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>`;

const getNtp: Operation = ({ context: { device } }) => {
  const { ntp } = device.suffering();
  if (ntp === 'unsupported') return notSupported('GetNTP');
  const manual = ntp === null ? xml`<tt:NTPManual><tt:Type>DNS</tt:Type><tt:DNSname>ntp.village.example</tt:DNSname></tt:NTPManual>` : undefined;
  const leased = ntp === 'dhcp' ? xml`<tt:NTPFromDHCP><tt:Type>IPv4</tt:Type><tt:IPv4Address>192.0.2.123</tt:IPv4Address></tt:NTPFromDHCP>` : undefined;
  return xml`<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>${ntp === 'dhcp'}</tt:FromDHCP>${leased}${manual}</tds:NTPInformation></tds:GetNTPResponse>`;
};

/** Unknown until somebody entered something. A camera that looks down has a negative pitch. */
const getGeoLocation: Operation = ({ context }) => {
  const { geo } = context.device.suffering();
  if (!geo) return notSupported('GetGeoLocation');
  const { place, channels } = context;
  return xml`<tds:GetGeoLocationResponse>${channels.map((channel) => xml`<tds:Location Entity="VideoSource" Token="${channel.sourceToken}" Fixed="true"><tt:GeoLocation lon="${geo.longitude ?? place.longitude}" lat="${geo.latitude ?? place.latitude}" elevation="${place.elevationM}"/><tt:GeoOrientation roll="0" pitch="${-geo.tiltDeg}" yaw="${geo.azimuthDeg ?? channel.azimuthDeg}"/></tds:Location>`)}</tds:GetGeoLocationResponse>`;
};

function protocol(name: string, port: number): Xml {
  return xml`<tds:NetworkProtocols><tt:Name>${name}</tt:Name><tt:Enabled>true</tt:Enabled><tt:Port>${port}</tt:Port></tds:NetworkProtocols>`;
}

