/** Events (ver10/events/wsdl): pull-points, with the contact of the panic button as a property event. Of the topics that it names no other is ever sent. */
import type { CameraEvent, PullPoint } from './pull-points.js';
import { onvifTime, type Call, type Operation, type Reply, type Service, type ServiceContext } from './service.js';
import { child, invalidArgument, parseDuration, soapFault, textOf, type SoapRequest } from './soap.js';
import { xml, type Xml } from './xml.js';

export const inputToken = 'DigitalInput_1';
const inputTopic = 'tns1:Device/Trigger/DigitalInput';
const longestLifeMs = 24 * 3_600_000;
const defaultLifeMs = 60_000;
const longestPullMs = 60_000;
const mostMessages = 100;

/** The event that tells the state of the contact. LogicalState is true while the button is pressed. */
export function inputEvent(pressed: boolean, operation: CameraEvent['operation'], atMs: number): CameraEvent {
  return { topic: inputTopic, operation, atMs, source: [['InputToken', inputToken]], data: [['LogicalState', String(pressed)]] };
}

export const eventService: Service = {
  path: '/onvif/event_service',
  namespace: 'http://www.onvif.org/ver10/events/wsdl',
  version: [21, 6],
  operations: {
    GetServiceCapabilities: () => xml`<tev:GetServiceCapabilitiesResponse><tev:Capabilities WSSubscriptionPolicySupport="false" WSPausableSubscriptionManagerInterfaceSupport="false" MaxNotificationProducers="0" MaxPullPoints="8"/></tev:GetServiceCapabilitiesResponse>`,
    GetEventProperties: (call) => ({
      header: addressing(call.request, 'http://www.onvif.org/ver10/events/wsdl/EventPortType/GetEventPropertiesResponse'),
      body: xml`<tev:GetEventPropertiesResponse><tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</tev:TopicNamespaceLocation><wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>${topicSet(call.context)}<wsnt:TopicExpressionDialect>http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet</wsnt:TopicExpressionDialect><tev:MessageContentFilterDialect>http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter</tev:MessageContentFilterDialect><tev:MessageContentSchemaLocation>http://www.onvif.org/onvif/ver10/schema/onvif.xsd</tev:MessageContentSchemaLocation></tev:GetEventPropertiesResponse>`,
    }),
    CreatePullPointSubscription: createSubscription,
  },
};

/** What a subscription's own address answers. */
export const subscriptionService: Service = {
  path: '/onvif/subscription',
  namespace: 'http://www.onvif.org/ver10/events/wsdl',
  version: [21, 6],
  operations: {
    PullMessages: (call) => withPoint(call, pullMessages),
    Renew: (call) => withPoint(call, renew),
    Unsubscribe: (call) =>
      withPoint(call, ({ context, request }, point) => {
        context.pullPoints.remove(point.id);
        return { header: addressing(request, 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeResponse'), body: xml`<wsnt:UnsubscribeResponse/>` };
      }),
    SetSynchronizationPoint: (call) =>
      withPoint(call, ({ context, request }, point) => {
        point.push(inputEvent(context.device.suffering().pressed, 'Initialized', context.device.nowMs()));
        return { header: addressing(request, 'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/SetSynchronizationPointResponse'), body: xml`<tev:SetSynchronizationPointResponse/>` };
      }),
  },
};

function topicSet({ device }: ServiceContext): Xml {
  const { recognition } = device.suffering();
  const plates = recognition === 'topic' || recognition === 'both' ? xml`<Recognition><LicensePlate wstop:topic="true">${description('Likelihood', 'xs:float')}</LicensePlate></Recognition>` : undefined;
  return xml`<wstop:TopicSet><tns1:Device><Trigger><DigitalInput wstop:topic="true"><tt:MessageDescription IsProperty="true"><tt:Source><tt:SimpleItemDescription Name="InputToken" Type="tt:ReferenceToken"/></tt:Source><tt:Data><tt:SimpleItemDescription Name="LogicalState" Type="xs:boolean"/></tt:Data></tt:MessageDescription></DigitalInput></Trigger></tns1:Device><tns1:RuleEngine><CellMotionDetector><Motion wstop:topic="true">${description('IsMotion', 'xs:boolean')}</Motion></CellMotionDetector>${plates}</tns1:RuleEngine></wstop:TopicSet>`;
}

function description(item: string, type: string): Xml {
  return xml`<tt:MessageDescription IsProperty="true"><tt:Source><tt:SimpleItemDescription Name="VideoSourceConfigurationToken" Type="tt:ReferenceToken"/></tt:Source><tt:Data><tt:SimpleItemDescription Name="${item}" Type="${type}"/></tt:Data></tt:MessageDescription>`;
}

function createSubscription({ context, request }: Call): Reply {
  const lifeMs = lifeOf(textOf(request.body, 'InitialTerminationTime'), context);
  if (lifeMs === undefined) return invalidArgument('The InitialTerminationTime cannot be used', 'wsnt:UnacceptableInitialTerminationTimeFault');
  const initial = [inputEvent(context.device.suffering().pressed, 'Initialized', context.device.nowMs())];
  const point = context.pullPoints.create(lifeMs, wantsInput(request) ? initial : []);
  if (!point) return soapFault(500, ['ter:Action', 'ter:MaxSubscriptions'], 'There is no free subscription');
  return {
    header: addressing(request, 'http://www.onvif.org/ver10/events/wsdl/EventPortType/CreatePullPointSubscriptionResponse'),
    body: xml`<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>${context.url(`/onvif/subscription?id=${point.id}`)}</wsa:Address></tev:SubscriptionReference><wsnt:CurrentTime>${onvifTime(context.device.nowMs())}</wsnt:CurrentTime><wsnt:TerminationTime>${onvifTime(point.terminationMs())}</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>`,
  };
}

/** A filter that names other topics gets no events; ours is the only one there is. */
function wantsInput(request: SoapRequest): boolean {
  const expression = textOf(child(request.body, 'Filter'), 'TopicExpression');
  return expression === undefined || /DigitalInput|Trigger|Device|\/\//.test(expression);
}

async function pullMessages({ context, request, signal }: Call, point: PullPoint): Promise<Reply> {
  const timeoutMs = parseDuration(textOf(request.body, 'Timeout') ?? '');
  const limit = Number(textOf(request.body, 'MessageLimit') ?? mostMessages);
  if (timeoutMs === undefined || !Number.isInteger(limit) || limit < 1) return invalidArgument('Timeout or MessageLimit cannot be used');
  const events = await point.pull(Math.min(timeoutMs, longestPullMs), Math.min(limit, mostMessages), signal);
  return {
    header: addressing(request, 'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesResponse'),
    body: xml`<tev:PullMessagesResponse><tev:CurrentTime>${onvifTime(context.device.nowMs())}</tev:CurrentTime><tev:TerminationTime>${onvifTime(point.terminationMs())}</tev:TerminationTime>${events.map(message)}</tev:PullMessagesResponse>`,
  };
}

function renew({ context, request }: Call, point: PullPoint): Reply {
  const lifeMs = lifeOf(textOf(request.body, 'TerminationTime'), context);
  if (lifeMs === undefined) return invalidArgument('The TerminationTime cannot be used', 'wsnt:UnacceptableTerminationTimeFault');
  point.renew(lifeMs);
  return {
    header: addressing(request, 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewResponse'),
    body: xml`<wsnt:RenewResponse><wsnt:TerminationTime>${onvifTime(point.terminationMs())}</wsnt:TerminationTime><wsnt:CurrentTime>${onvifTime(context.device.nowMs())}</wsnt:CurrentTime></wsnt:RenewResponse>`,
  };
}

function withPoint(call: Call, then: (call: Call, point: PullPoint) => Reply | Promise<Reply>): ReturnType<Operation> {
  const point = call.context.pullPoints.find(Number(call.query.get('id')));
  return point ? then(call, point) : soapFault(400, ['wsrf-rw:ResourceUnknownFault'], 'There is no such subscription');
}

/** A duration or an absolute time in the camera's clock, as a life in milliseconds. */
function lifeOf(text: string | undefined, context: ServiceContext): number | undefined {
  if (text === undefined || text === '') return defaultLifeMs;
  const lifeMs = parseDuration(text) ?? Date.parse(text) - context.device.nowMs();
  return lifeMs > 0 && Number.isFinite(lifeMs) ? Math.min(lifeMs, longestLifeMs) : undefined;
}

function message(event: CameraEvent): Xml {
  const items = (list: CameraEvent['data']): readonly Xml[] => list.map(([name, value]) => xml`<tt:SimpleItem Name="${name}" Value="${value}"/>`);
  return xml`<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${event.topic}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="${onvifTime(event.atMs)}" PropertyOperation="${event.operation}"><tt:Source>${items(event.source)}</tt:Source><tt:Data>${items(event.data)}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`;
}

function addressing(request: SoapRequest, action: string): Xml {
  const messageId = textOf(request.header, 'MessageID');
  return xml`<wsa:Action>${action}</wsa:Action>${messageId === undefined ? undefined : xml`<wsa:RelatesTo>${messageId}</wsa:RelatesTo>`}`;
}
