/**
 * What the device's own recorder holds (Profile G). A summary shows the two ends of a recording and hides its gaps (ONVIF
 * specs issue 781), so it verifies nothing: the honest word is "unverified". Gaps of the past are for the audit and a
 * warning here; a recorder that does not record now is a refusal.
 */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { RecordedSpan, RecorderFacts } from '../onvif-client.js';
import { unanswered, worstOf, type Asked, type Evidence, type Finding } from './verdicts.js';

export interface RecorderAnswer {
  readonly facts: RecorderFacts;
  /** the stretch that was asked for */
  readonly fromMs: number;
  readonly untilMs: number;
  /** how long pictures of the site may be kept */
  readonly retentionDays: number;
}

const dayMs = 86_400_000;
/** RET-02 */
const leastCompleteness = 0.98;
/** A recorder that writes a file at a time is behind by so much. */
const lateMs = 15 * 60_000;
/** Under this a recording is too young to say anything. */
const youngMs = 3_600_000;
const shownGaps = 5;
const lookUp = 'Look on the recorder\'s own page whether it records without gaps, and for how long it keeps it.';

export function recorderCheck(asked: Asked<RecorderAnswer>): CommissioningCheck {
  if (asked.status === 'unanswered') return unanswered('recorder', asked.reason, lookUp);
  const { facts, fromMs, untilMs, retentionDays } = asked.value;
  const refused = facts.refused.length > 0 ? ` Asked and not answered: ${facts.refused.slice(0, 6).join(', ')}.` : '';
  const evidence: Evidence = {
    support: facts.support,
    earliest: timeOf(facts.earliestMs),
    latest: timeOf(facts.latestMs),
    recordings: facts.recordings,
    maximumRetentionDays: facts.maximumRetentionMs === null ? null : round(facts.maximumRetentionMs / dayMs),
    siteRetentionDays: retentionDays,
    askedFrom: timeOf(fromMs),
    askedUntil: timeOf(untilMs),
    refused: facts.refused.join(', ').slice(0, 300),
  };
  const limit = limitFindings(facts, retentionDays);
  switch (facts.support) {
    case 'none':
      return worstOf('recorder', [{ status: 'unverified', seen: `It has no Profile G search that answers.${refused}`, todo: lookUp }, ...limit], evidence);
    case 'summary': {
      if (facts.recordings === 0) return worstOf('recorder', [nothingRecorded(''), ...limit], evidence);
      const ends = facts.earliestMs === null ? 'It tells no beginning of its recordings' : `It tells of recordings since ${day(facts.earliestMs)}`;
      return worstOf('recorder', [{ status: 'unverified', seen: `${ends}, but not whether there are gaps in between.${refused}`, todo: lookUp }, ...limit], evidence);
    }
    case 'events': {
      const { findings, more } = judgeSpans(facts, fromMs, untilMs);
      return worstOf('recorder', [...findings, ...limit], { ...evidence, ...more });
    }
    default:
      return facts.support satisfies never;
  }
}

function judgeSpans({ spans, earliestMs, recordings, refused }: RecorderFacts, fromMs: number, untilMs: number): { findings: Finding[]; more: Evidence } {
  const held = merge(spans ?? [], fromMs, untilMs);
  if (held.length === 0) {
    return { findings: [nothingRecorded(recordings === 0 || earliestMs === null ? '' : `Nothing was recorded since ${day(fromMs)}.`)], more: { completenessRatio: 0, gaps: 0 } };
  }
  // A recorder is not blamed for the time before its first recording.
  const beginMs = Math.max(fromMs, Math.min(earliestMs ?? Infinity, held[0]?.[0] ?? fromMs));
  const gaps = gapsIn(held, beginMs, untilMs);
  const lastMs = held.at(-1)?.[1] ?? beginMs;
  const missingMs = gaps.reduce((sum, [from, until]) => sum + until - from, 0);
  const ratio = untilMs > beginMs ? 1 - missingMs / (untilMs - beginMs) : 0;
  const more: Evidence = { completenessRatio: round(ratio), measuredHours: round((untilMs - beginMs) / 3_600_000), gaps: gaps.length };
  for (const [i, [from, until]] of gaps.slice(0, shownGaps).entries()) Object.assign(more, { [`gap${i + 1}From`]: timeOf(from), [`gap${i + 1}Seconds`]: Math.round((until - from) / 1000) });
  const percent = `${(Math.floor(ratio * 1000) / 10).toFixed(1)} %`;
  const list = gaps.slice(0, shownGaps).map(([from, until]) => `${minute(from)} for ${length(until - from)}`);
  const shown = `${list.join('; ')}${gaps.length > shownGaps ? `; and ${gaps.length - shownGaps} more` : ''}`;
  const findings: Finding[] = [];
  if (untilMs - lastMs > lateMs) findings.push({ status: 'fail', seen: `Nothing is recorded since ${minute(lastMs)}.`, todo: 'Look at the recorder: is it switched on, is its disk or card in order, is its schedule round the clock?' });
  if (untilMs - beginMs < youngMs) findings.push({ status: 'unverified', seen: `It records since ${minute(beginMs)} only.`, todo: 'Run the checklist again in a day.' });
  else if (ratio < leastCompleteness) findings.push({ status: 'warn', seen: `${percent} of the time since ${day(beginMs)} is recorded; missing: ${shown}.`, todo: 'Find out why it did not record (power, disk, schedule, network); RET-02 wants 98 %.' });
  else findings.push({ status: 'pass', seen: `${percent} of the time since ${day(beginMs)} is recorded${gaps.length > 0 ? `; missing: ${shown}` : ''}.`, todo: '' });
  if (refused.length > 0) more['notAnswered'] = refused.join(', ').slice(0, 300);
  return { findings, more };
}

function nothingRecorded(seen: string): Finding {
  return { status: 'warn', seen: seen || 'The device has a recorder, and nothing is recorded on it.', todo: 'Put a card in and switch recording on; if it is recorded elsewhere, this line stays as it is.' };
}

/** PRV-05: what is kept longer than the site may is too long, whoever keeps it. */
function limitFindings({ support, maximumRetentionMs }: RecorderFacts, retentionDays: number): Finding[] {
  const todo = `Set the recorder to keep at most ${retentionDays} days.`;
  if (maximumRetentionMs === null) return support === 'none' ? [] : [{ status: 'unverified', seen: 'It does not tell how long it keeps recordings.', todo: `Look it up on the recorder's own page; the site allows ${retentionDays} days.` }];
  if (maximumRetentionMs === 0) return [{ status: 'warn', seen: 'It sets no limit to how long it keeps recordings.', todo }];
  const days = round(maximumRetentionMs / dayMs);
  if (maximumRetentionMs > retentionDays * dayMs) return [{ status: 'warn', seen: `It keeps recordings for ${days} days, the site allows ${retentionDays}.`, todo }];
  return [{ status: 'pass', seen: `It keeps them for ${days} days at most.`, todo: '' }];
}

/** Stretches within the asked time, in order, overlaps joined. */
function merge(spans: readonly RecordedSpan[], fromMs: number, untilMs: number): [number, number][] {
  const cut = spans
    .map((s): [number, number] => [Math.max(fromMs, s.fromMs), Math.min(untilMs, s.untilMs ?? untilMs)])
    .filter(([from, until]) => until > from)
    .sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, until] of cut) {
    const last = merged.at(-1);
    // A second between two files is no gap.
    if (last && from <= last[1] + 1000) last[1] = Math.max(last[1], until);
    else merged.push([from, until]);
  }
  return merged;
}

function gapsIn(held: readonly (readonly [number, number])[], fromMs: number, untilMs: number): [number, number][] {
  const gaps: [number, number][] = [];
  let atMs = fromMs;
  for (const [from, until] of held) {
    if (from - atMs > 1000) gaps.push([atMs, from]);
    atMs = until;
  }
  if (untilMs - atMs > lateMs) gaps.push([atMs, untilMs]);
  return gaps;
}

function timeOf(ms: number | null): string | null {
  return ms === null || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15 ? null : new Date(ms).toISOString();
}

function day(ms: number): string {
  return timeOf(ms)?.slice(0, 10) ?? 'an unknown day';
}

function minute(ms: number): string {
  return `${timeOf(ms)?.slice(0, 16).replace('T', ' ') ?? 'an unknown time'} UTC`;
}

function length(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 1 ? `${Math.round(ms / 1000)} s` : minutes < 120 ? `${minutes} min` : `${round(minutes / 60)} h`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
