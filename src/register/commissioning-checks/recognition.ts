/**
 * Nothing on the device recognises anybody, nor any plate (PRV-09; standards 3.2). A rule in GetRules is active: it
 * refuses. A topic says only that the device could send it: without a rule that is a warning, because nobody can see from
 * outside that a maker's own switch is off. Detection of persons, vehicles or animals as such is no recognition.
 */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { AnalyticsFacts } from '../onvif-client.js';
import { checkOf, unanswered, type Asked } from './verdicts.js';

const switchOff = 'Switch face and plate functions off on the camera (often under "smart event", "face capture", "ANPR", "AI"), delete their rules, then run the checklist again.';
const lookUp = 'Look on the camera\'s own page that face and plate functions ("smart event", "face capture", "ANPR", "AI") are off.';
const shown = 5;

/** @param hasAnalytics whether the device names an analytics service: without one it has no rules */
export function recognitionCheck(asked: Asked<AnalyticsFacts>, hasAnalytics: boolean): CommissioningCheck {
  if (asked.status === 'unanswered') return unanswered('recognition', asked.reason, lookUp);
  const { rules, topics } = asked.value;
  const active = (rules ?? []).filter((r) => recognises(r.type) || recognises(r.name));
  const could = (topics ?? []).filter(recognises);
  const evidence = {
    rules: rules?.length ?? null,
    topics: topics?.length ?? null,
    recognitionRules: active.map((r) => r.type || r.name).slice(0, shown).join(', ').slice(0, 300),
    recognitionTopics: could.slice(0, shown).join(', ').slice(0, 300),
  };
  if (active.length > 0) {
    const list = active.slice(0, shown).map((r) => `"${r.name.slice(0, 60)}" (${r.type.slice(0, 100)})`);
    return checkOf('recognition', 'fail', `${active.length === 1 ? 'A rule' : `${active.length} rules`} on the device: ${list.join(', ')}.`, switchOff, evidence);
  }
  if (could.length > 0) {
    const seen = `It can send ${evidence.recognitionTopics}; ${rules === null ? 'it does not tell its rules' : 'no rule for it is set'}.`;
    return checkOf('recognition', 'warn', seen, lookUp, evidence);
  }
  if (rules === null && topics === null) return checkOf('recognition', 'unverified', 'It tells neither its rules nor its event topics.', lookUp, evidence);
  if (topics === null) return checkOf('recognition', 'unverified', `None of its rules (${rules?.length ?? 0}) recognises anybody; it does not tell its event topics.`, lookUp, evidence);
  if (rules === null && hasAnalytics) return checkOf('recognition', 'unverified', `None of its event topics (${topics.length}) is one of recognition, but it does not tell its rules.`, lookUp, evidence);
  if (rules === null) return checkOf('recognition', 'pass', `It has no analytics service, and none of its event topics (${topics.length}) is one of recognition.`, '', evidence);
  return checkOf('recognition', 'pass', `${rules.length === 0 ? 'It has no rule, and none of its' : `None of its rules (${rules.length}) and`} event topics (${topics.length}) is one of recognition.`, '', evidence);
}

/**
 * Words of ONVIF and of makers for faces, plates and identities. Plain person or vehicle detection is not among them, nor
 * words that only contain one ("interface", "surface", "template").
 */
const words = [
  /(?<![a-z])(?:face|faces|facial)(?=$|[^a-z]|snap|s?(?:capture|detect|recog|match|compar|identif|analy|attribute|feature|library|search|track|count|person|gallery|list|id|alarm|picture|contrast|temp))/,
  /(?<![a-z])(?:plates?|lpr|lnpr|anpr|alpr|mnpr|vlpr)(?![a-z])/,
  /(?:licen[cs]e|number|vehicle|car)[^a-z]*plate/,
  /plate[^a-z]*(?:recog|detect|read|number|capture|ocr)/,
  /(?<![a-z])(?:re[^a-z]?id|person[^a-z]?id|identity|identification|identif(?:y|ied)|biometrics?|iris|gait)(?![a-z])/,
  /(?:person|people|human|body|pedestrian|vehicle|stranger|visitor|staff)[^a-z]*(?:recog|identif|attribute|feature|match|re[^a-z]?id)/,
  /(?<![a-z])(?:stranger|black[^a-z]?list|white[^a-z]?list|block[^a-z]?list|allow[^a-z]?list|watch[^a-z]?list)(?![a-z])/,
  /(?<![a-z])recognition[^a-z]+(?:face|license|licence)/,
  /人脸|面部|人臉|车牌|車牌|人员识别|身份识别|身份|陌生人|黑名单|白名单|步态|虹膜/,
];
/** Hikvision's name for its plate reader: ISAPI/Event/triggers/vehicledetection. */
const makersWords = /hik[a-z]*[^a-z].*vehicle[^a-z]*detection/;

export function recognises(name: string): boolean {
  // "FaceSnap" and "LPRDetect" fall apart into words; what is lower case already stays one.
  const split = name.slice(0, 500).replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2').toLowerCase();
  return words.some((w) => w.test(split)) || makersWords.test(split);
}
