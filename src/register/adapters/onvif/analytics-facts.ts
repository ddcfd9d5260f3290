/**
 * What analyses pictures on the device: its active rules and modules, and the topics that it can send. Read so that a
 * check can say that nothing there recognises anybody; what a device could be told to do (GetSupportedRules) is not asked.
 */
import type { AnalyticsFacts, DeviceServices } from '../../onvif-client.js';
import { attribute, child, children, escapeXml, find, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { addressing } from './pull-point.js';
import { namespaces, oneLine } from './soap-message.js';
import { readTopicSet } from './topic-set.js';

const { tan, tev, tr2, trt } = namespaces;
/** A recorder with that many channels; with more its rules count as not told. */
const maxConfigurations = 64;

type Rules = NonNullable<AnalyticsFacts['rules']>;

export async function readAnalytics(conversation: Conversation, services: DeviceServices): Promise<AnalyticsFacts> {
  return { rules: await readRules(conversation, services), topics: await readTopics(conversation, services) };
}

/** Paths of the topics that the device can send; null when it does not say. */
export async function readTopics(conversation: Conversation, { events }: DeviceServices): Promise<readonly string[] | null> {
  if (events === null) return null;
  const action = `${tev}/EventPortType/GetEventPropertiesRequest`;
  const source = await optional(async () => (await conversation.callForSource({ url: events, action, header: addressing(action, events), body: '<tev:GetEventProperties/>' })).source);
  return source === null ? null : (readTopicSet(source)?.map(oneLine) ?? null);
}

/** @returns null when one configuration's rules are unknown: a part of them would look like all of them */
async function readRules(conversation: Conversation, services: DeviceServices): Promise<Rules | null> {
  const configurations = await readConfigurations(conversation, services);
  if (configurations === null || configurations.length > maxConfigurations) return null;
  const rules = new Map<string, Rules[number]>();
  for (const configuration of configurations) {
    const token = attribute(configuration, 'token');
    const asked = token === null || services.analytics === null ? null : await askRules(conversation, services.analytics, token);
    const told = asked ?? insideOf(configuration);
    if (told === null) return null;
    for (const rule of told) rules.set(`${token ?? ''} ${rule.type} ${rule.name}`, rule);
  }
  // Without the service nobody can say that there are none.
  return services.analytics === null && rules.size === 0 ? null : [...rules.values()];
}

/** By media 2, then by media 1, which may know what media 2 keeps to itself. */
async function readConfigurations(conversation: Conversation, services: DeviceServices): Promise<readonly XmlValue[] | null> {
  const { media1, media2 } = services;
  const told =
    media2 === null ? null : await optional(() => conversation.call({ url: media2, action: `${tr2}/GetAnalyticsConfigurations`, body: '<tr2:GetAnalyticsConfigurations/>' }));
  const list = find(told ?? undefined, 'GetAnalyticsConfigurationsResponse');
  if (list !== undefined && children(list, 'Configurations').length > 0) return children(list, 'Configurations');
  const older =
    media1 === null ? null : await optional(() => conversation.call({ url: media1, action: `${trt}/GetVideoAnalyticsConfigurations`, body: '<trt:GetVideoAnalyticsConfigurations/>' }));
  const olderList = find(older ?? undefined, 'GetVideoAnalyticsConfigurationsResponse');
  if (olderList !== undefined) return children(olderList, 'Configurations');
  return list === undefined ? null : [];
}

async function askRules(conversation: Conversation, url: string, token: string): Promise<Rules | null> {
  const ask = (operation: string): Promise<XmlValue | null> =>
    optional(() => conversation.call({ url, action: `${tan}/${operation}`, body: `<tan:${operation}><tan:ConfigurationToken>${escapeXml(token)}</tan:ConfigurationToken></tan:${operation}>` }));
  const rules = find((await ask('GetRules')) ?? undefined, 'GetRulesResponse');
  if (rules === undefined) return null;
  // A recogniser may run as a module without a rule. Few devices tell their modules; none is not a reason to doubt the rules.
  const modules = find((await ask('GetAnalyticsModules')) ?? undefined, 'GetAnalyticsModulesResponse');
  return [...children(rules, 'Rule'), ...children(modules, 'AnalyticsModule')].flatMap(ruleOf);
}

/** Rules as media 1 repeats them in the configuration itself; null when it does not. */
function insideOf(configuration: XmlValue): Rules | null {
  const engine = child(configuration, 'AnalyticsEngineConfiguration');
  const rules = child(configuration, 'RuleEngineConfiguration');
  if (rules === undefined) return null;
  return [...children(rules, 'Rule'), ...children(engine, 'AnalyticsModule')].flatMap(ruleOf);
}

function ruleOf(told: XmlValue): Rules[number][] {
  const [name, type] = [attribute(told, 'Name'), attribute(told, 'Type')];
  return name === null && type === null ? [] : [{ name: oneLine(name ?? ''), type: oneLine(type ?? '') }];
}
