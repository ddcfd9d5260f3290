import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedCamera, Village } from '../../src/simulate/village.js';
import { at, callWithDigest, envelopeOf, post, securityHeader, type Answer } from './support/soap-client.js';
import { village } from './support/village.js';

describe('ONVIF services of a simulated camera', () => {
  let house: Village;
  let camera: SimulatedCamera;
  const base = (): string => new URL(camera.onvifUrl).origin;
  const call = (path: string, body: string): Promise<Answer> => callWithDigest(`${base()}${path}`, body, camera);

  beforeAll(async () => {
    house = await village({ cameras: 2 });
    camera = house.cameras[1] as SimulatedCamera;
  });
  afterAll(() => house.close());

  it('tells the time, its services and capabilities before anybody logged in', async () => {
    const clock = await post(camera.onvifUrl, envelopeOf('<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'));
    expect(clock.status).toBe(200);
    const date = at(clock, 'Body', 'GetSystemDateAndTimeResponse', 'SystemDateAndTime', 'UTCDateTime') as { Date: Record<string, string>; Time: Record<string, string> };
    const told = Date.UTC(Number(date.Date['Year']), Number(date.Date['Month']) - 1, Number(date.Date['Day']), Number(date.Time['Hour']), Number(date.Time['Minute']), Number(date.Time['Second']));
    expect(Math.abs(told - Date.now())).toBeLessThan(3000);
    const services = await post(camera.onvifUrl, envelopeOf('<GetServices><IncludeCapability>false</IncludeCapability></GetServices>'));
    const list = at(services, 'Body', 'GetServicesResponse', 'Service') as { Namespace: string; XAddr: string }[];
    expect(list.map((s) => s.Namespace.replace('http://www.onvif.org/', ''))).toEqual([
      'ver10/device/wsdl', 'ver10/media/wsdl', 'ver20/media/wsdl', 'ver10/events/wsdl', 'ver10/deviceIO/wsdl', 'ver10/search/wsdl', 'ver10/recording/wsdl', 'ver20/analytics/wsdl',
    ]);
    expect(list.every((s) => s.XAddr.startsWith(base()))).toBe(true);
    const capabilities = await post(camera.onvifUrl, envelopeOf('<GetCapabilities><Category>All</Category></GetCapabilities>'));
    expect(at(capabilities, 'Body', 'GetCapabilitiesResponse', 'Capabilities', 'Media', 'XAddr')).toBe(`${base()}/onvif/media_service`);
    expect(at(capabilities, 'Body', 'GetCapabilitiesResponse', 'Capabilities', 'Extension', 'Search', 'XAddr')).toBe(`${base()}/onvif/search_service`);
  });

  it.each([
    ['/onvif/device_service', 'GetDeviceInformation'], ['/onvif/device_service', 'GetScopes'], ['/onvif/device_service', 'GetNetworkInterfaces'],
    ['/onvif/device_service', 'GetNTP'], ['/onvif/device_service', 'GetHostname'], ['/onvif/device_service', 'GetNetworkProtocols'],
    ['/onvif/media_service', 'GetProfiles'], ['/onvif/media2_service', 'GetProfiles'], ['/onvif/event_service', 'GetEventProperties'],
    ['/onvif/deviceio_service', 'GetDigitalInputs'], ['/onvif/search_service', 'GetRecordingSummary'], ['/onvif/recording_service', 'GetRecordings'],
  ])('%s answers %s', async (path, operation) => {
    const answer = await call(path, `<${operation}/>`);
    expect(answer.status).toBe(200);
    expect(at(answer, 'Body', `${operation}Response`)).toBeDefined();
  });

  it('has the same endpoint reference as discovery and the list of cameras', async () => {
    const answer = await post(camera.onvifUrl, envelopeOf('<GetEndpointReference/>'));
    expect(at(answer, 'Body', 'GetEndpointReferenceResponse', 'GUID')).toBe(camera.endpointReference);
  });

  it('names both streams in media 1 and in media 2, and refuses what is not there', async () => {
    const profiles = await call('/onvif/media_service', '<GetProfiles/>');
    const tokens = (at(profiles, 'Body', 'GetProfilesResponse', 'Profiles') as { '@token': string }[]).map((p) => p['@token']);
    expect(tokens).toEqual(['Profile_main', 'Profile_sub']);
    const setup = '<StreamSetup><Stream>RTP-Unicast</Stream><Transport><Protocol>RTSP</Protocol></Transport></StreamSetup>';
    const one = await call('/onvif/media_service', `<GetStreamUri>${setup}<ProfileToken>Profile_sub</ProfileToken></GetStreamUri>`);
    expect(at(one, 'Body', 'GetStreamUriResponse', 'MediaUri', 'Uri')).toBe(camera.rtspUrl);
    const two = await call('/onvif/media2_service', '<GetStreamUri><Protocol>RtspUnicast</Protocol><ProfileToken>Profile_main</ProfileToken></GetStreamUri>');
    expect(at(two, 'Body', 'GetStreamUriResponse', 'Uri')).toBe(camera.mainRtspUrl);
    const none = await call('/onvif/media_service', `<GetStreamUri>${setup}<ProfileToken>Nix</ProfileToken></GetStreamUri>`);
    expect(none.status).toBe(400);
    expect(none.text).toContain('ter:NoProfile');
    const snapshot = await call('/onvif/media_service', '<GetSnapshotUri><ProfileToken>Profile_sub</ProfileToken></GetSnapshotUri>');
    expect(snapshot.text).toContain('ter:ActionNotSupported');
  });

  it('reports a button by a pull-point that waits, renews and ends', async () => {
    const created = await call('/onvif/event_service', '<CreatePullPointSubscription><InitialTerminationTime>PT60S</InitialTerminationTime></CreatePullPointSubscription>');
    const address = at(created, 'Body', 'CreatePullPointSubscriptionResponse', 'SubscriptionReference', 'Address') as string;
    expect(address).toMatch(/\/onvif\/subscription\?id=\d+$/);
    const pull = (): Promise<Answer> => callWithDigest(address, '<PullMessages><Timeout>PT10S</Timeout><MessageLimit>10</MessageLimit></PullMessages>', camera);
    const first = await pull();
    expect(first.text).toContain('PropertyOperation="Initialized"');
    expect(first.text).toContain('Name="LogicalState" Value="false"');
    const waiting = pull();
    await house.applyFault(1, { fault: 'press' });
    const second = await waiting;
    expect(second.text).toContain('tns1:Device/Trigger/DigitalInput');
    expect(second.text).toContain('Name="LogicalState" Value="true"');
    await house.applyFault(1, { fault: 'press', on: false });
    expect((await pull()).text).toContain('Name="LogicalState" Value="false"');
    const renewed = await callWithDigest(address, '<Renew><TerminationTime>PT2M</TerminationTime></Renew>', camera);
    expect(Date.parse(at(renewed, 'Body', 'RenewResponse', 'TerminationTime') as string) - Date.now()).toBeGreaterThan(100_000);
    expect((await callWithDigest(address, '<SetSynchronizationPoint/>', camera)).status).toBe(200);
    expect((await pull()).text).toContain('Initialized');
    expect((await callWithDigest(address, '<Unsubscribe/>', camera)).status).toBe(200);
    const gone = await pull();
    expect(gone.status).toBe(400);
    expect(gone.text).toContain('ResourceUnknownFault');
  });

  it('has few subscriptions and says when there is none left', async () => {
    const create = (): Promise<Answer> => callWithDigest(`${base()}/onvif/event_service`, '<CreatePullPointSubscription/>', camera);
    const answers: Answer[] = [];
    for (let i = 0; i < 9; i++) answers.push(await create());
    expect(answers.filter((a) => a.status === 200)).toHaveLength(8);
    expect(answers[8]?.text).toContain('There is no free subscription');
    for (const answer of answers.slice(0, 8)) {
      await callWithDigest(at(answer, 'Body', 'CreatePullPointSubscriptionResponse', 'SubscriptionReference', 'Address') as string, '<Unsubscribe/>', camera);
    }
    expect((await create()).status).toBe(200);
  });

  it('finds recordings, and the gap that a fault makes, by events', async () => {
    const states = async (): Promise<string[]> => {
      const start = new Date(Date.now() - 10 * 86_400_000).toISOString();
      const found = await call('/onvif/search_service', `<FindEvents><StartPoint>${start}</StartPoint><Scope/><SearchFilter/><IncludeStartState>true</IncludeStartState><KeepAliveTime>PT30S</KeepAliveTime></FindEvents>`);
      const token = at(found, 'Body', 'FindEventsResponse', 'SearchToken') as string;
      const results = await call('/onvif/search_service', `<GetEventSearchResults><SearchToken>${token}</SearchToken></GetEventSearchResults>`);
      expect(results.text).toContain('Completed');
      expect((await call('/onvif/search_service', `<EndSearch><SearchToken>${token}</SearchToken></EndSearch>`)).status).toBe(200);
      const again = await call('/onvif/search_service', `<GetEventSearchResults><SearchToken>${token}</SearchToken></GetEventSearchResults>`);
      expect(again.text).toContain('ter:InvalidToken');
      return [...results.text.matchAll(/IsDataPresent" Value="(\w+)"/g)].map((m) => m[1] ?? '');
    };
    expect(await states()).toEqual(['true']);
    await house.applyFault(1, { fault: 'recorder-gap', hoursAgo: 48, hours: 5 });
    expect(await states()).toEqual(['true', 'false', 'true']);
    await house.applyFault(1, { fault: 'recorder-gap', on: false });
    const recordings = await call('/onvif/search_service', '<FindRecordings><Scope/><KeepAliveTime>PT30S</KeepAliveTime></FindRecordings>');
    const token = at(recordings, 'Body', 'FindRecordingsResponse', 'SearchToken') as string;
    const list = await call('/onvif/search_service', `<GetRecordingSearchResults><SearchToken>${token}</SearchToken></GetRecordingSearchResults>`);
    const recording = at(list, 'Body', 'GetRecordingSearchResultsResponse', 'ResultList', 'RecordingInformation', 'RecordingToken') as string;
    const configuration = await call('/onvif/recording_service', `<GetRecordingConfiguration><RecordingToken>${recording}</RecordingToken></GetRecordingConfiguration>`);
    expect(at(configuration, 'Body', 'GetRecordingConfigurationResponse', 'RecordingConfiguration', 'MaximumRetentionTime')).toBe('P30D');
  });

  it('answers what is no SOAP, too long, a document type or unknown with a fault, and lives on', async () => {
    expect((await post(camera.onvifUrl, 'hello')).status).toBe(400);
    expect((await post(camera.onvifUrl, '')).status).toBe(400);
    expect((await post(camera.onvifUrl, `<!DOCTYPE a [<!ENTITY b "c">]>${envelopeOf('<GetServices/>')}`)).status).toBe(400);
    const long = await post(camera.onvifUrl, envelopeOf(`<GetServices>${'x'.repeat(400_000)}</GetServices>`)).catch((e: unknown) => e as Error);
    if (!(long instanceof Error)) expect(long.status).toBe(413);
    expect((await call('/onvif/device_service', '<toString/>')).text).toContain('ter:ActionNotSupported');
    expect((await call('/onvif/device_service', '<SetSystemFactoryDefault/>')).text).toContain('ter:ActionNotSupported');
    expect((await post(`${base()}/elsewhere`, envelopeOf('<GetServices/>'))).status).toBe(404);
    expect((await post(camera.onvifUrl, envelopeOf('<GetHostname/>'))).status).toBe(200);
  });

  it('takes Digest and UsernameToken, and refuses wrong, old and repeated ones', async () => {
    const body = '<GetDeviceInformation/>';
    const bare = await post(camera.onvifUrl, envelopeOf(body));
    expect(bare.status).toBe(401);
    expect(bare.headers.get('www-authenticate')).toMatch(/^Digest realm=.*nonce=.*qop="auth"/);
    expect((await callWithDigest(camera.onvifUrl, body, camera)).status).toBe(200);
    const wrong = await callWithDigest(camera.onvifUrl, body, { username: camera.username, password: 'nonsense' });
    expect(wrong.status).toBe(401);
    const now = Date.now();
    expect((await post(camera.onvifUrl, envelopeOf(body, securityHeader(camera, now)))).status).toBe(200);
    const late = await post(camera.onvifUrl, envelopeOf(body, securityHeader(camera, now - 8000)));
    expect(late.status).toBe(400);
    expect(late.text).toContain('ter:NotAuthorized');
    const token = securityHeader(camera, Date.now());
    expect((await post(camera.onvifUrl, envelopeOf(body, token))).status).toBe(200);
    expect((await post(camera.onvifUrl, envelopeOf(body, token))).status).toBe(400);
    await callWithDigest(camera.onvifUrl, body, camera);
  });

  it('locks after eight wrong tries, the right password too, and only itself', async () => {
    for (let i = 0; i < 8; i++) await post(camera.onvifUrl, envelopeOf('<GetScopes/>', securityHeader({ ...camera, password: 'x' }, Date.now())));
    expect((await callWithDigest(camera.onvifUrl, '<GetScopes/>', camera)).status).toBe(401);
    const locked = await post(camera.onvifUrl, envelopeOf('<GetScopes/>', securityHeader(camera, Date.now())));
    expect(locked.text).toContain('The account is locked');
    const other = house.cameras[0] as SimulatedCamera;
    expect((await callWithDigest(other.onvifUrl, '<GetScopes/>', other)).status).toBe(200);
    await house.applyFault(1, { fault: 'clear' });
    expect((await callWithDigest(camera.onvifUrl, '<GetScopes/>', camera)).status).toBe(200);
  });
});
