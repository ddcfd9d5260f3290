/**
 * Analytics (ver20/analytics/wsdl), told and not done: a motion rule is active; with the trait `recognition` so is a rule
 * that recognises, which a commissioning has to find. What the device could do (GetSupportedRules) names one at all times.
 */
import type { Call, Operation, Reply, Service, ServiceContext } from './service.js';
import { invalidArgument, textOf } from './soap.js';
import { xml, type Xml } from './xml.js';

const motionTopic = 'tns1:RuleEngine/CellMotionDetector/Motion';
const recognitionTopic = 'tns1:RuleEngine/Recognition/Face';

export const analyticsService: Service = {
  path: '/onvif/analytics_service',
  namespace: 'http://www.onvif.org/ver20/analytics/wsdl',
  version: [20, 12],
  operations: {
    GetServiceCapabilities: () => xml`<tan:GetServiceCapabilitiesResponse><tan:Capabilities RuleSupport="true" AnalyticsModuleSupport="true" CellBasedSceneDescriptionSupported="false"/></tan:GetServiceCapabilitiesResponse>`,
    GetRules: (call) => ofConfiguration(call, (context) => xml`<tan:GetRulesResponse>${activeRules('tan:Rule', context)}</tan:GetRulesResponse>`),
    GetAnalyticsModules: (call) => ofConfiguration(call, () => xml`<tan:GetAnalyticsModulesResponse>${activeModules('tan:AnalyticsModule')}</tan:GetAnalyticsModulesResponse>`),
    GetSupportedRules: (call) =>
      ofConfiguration(call, () => xml`<tan:GetSupportedRulesResponse><tan:SupportedRules><tt:RuleContentSchemaLocation>http://www.onvif.org/ver10/schema/onvif.xsd</tt:RuleContentSchemaLocation>${describe('tt:CellMotionDetector', motionTopic)}${describe('tt:FaceRecognition', recognitionTopic)}</tan:SupportedRules></tan:GetSupportedRulesResponse>`),
    GetSupportedAnalyticsModules: (call) =>
      ofConfiguration(call, () => xml`<tan:GetSupportedAnalyticsModulesResponse><tan:SupportedAnalyticsModules><tt:AnalyticsModuleDescription Name="tt:CellMotionEngine"><tt:Parameters/></tt:AnalyticsModuleDescription></tan:SupportedAnalyticsModules></tan:GetSupportedAnalyticsModulesResponse>`),
  },
};

function ofConfiguration({ context, request }: Call, write: (context: ServiceContext) => Xml): ReturnType<Operation> {
  const token = textOf(request.body, 'ConfigurationToken');
  const known = context.channels.some((channel) => channel.analyticsToken === token);
  return known ? write(context) : (invalidArgument('There is no such configuration', 'ter:NoConfig') satisfies Reply);
}

function describe(name: string, topic: string): Xml {
  return xml`<tt:RuleDescription Name="${name}" maxInstances="1"><tt:Parameters/><tt:Messages IsProperty="true"><tt:Source><tt:SimpleItemDescription Name="Rule" Type="xs:string"/></tt:Source><tt:ParentTopic>${topic}</tt:ParentTopic></tt:Messages></tt:RuleDescription>`;
}

/** @param element with its prefix */
export function activeRules(element: string, { device }: ServiceContext): readonly Xml[] {
  const recognition = device.suffering().recognition;
  const recognises = recognition === 'rule' || recognition === 'both';
  return [rule(element, 'Motion', 'tt:CellMotionDetector', 'MinCount', '5'), ...(recognises ? [rule(element, 'Visitors', 'tt:FaceRecognition', 'MinimumSize', '40')] : [])];
}

export function activeModules(element: string): readonly Xml[] {
  return [rule(element, 'Cells', 'tt:CellMotionEngine', 'Sensitivity', '60')];
}

function rule(element: string, name: string, type: string, parameter: string, value: string): Xml {
  const tag = { xml: element };
  return xml`<${tag} Name="${name}" Type="${type}"><tt:Parameters><tt:SimpleItem Name="${parameter}" Value="${value}"/></tt:Parameters></${tag}>`;
}
