/** The forms in which a check answers; a pass never asks for anything, all others do or say why they cannot tell. */
import type { CheckName, CheckStatus, CommissioningCheck } from '../../contract/commissioning.js';

export type Evidence = CommissioningCheck['evidence'];

/** What was asked of a device: its answer, or why there is none, as a sentence. */
export type Asked<T> = { readonly status: 'answered'; readonly value: T } | { readonly status: 'unanswered'; readonly reason: string };

/** One finding of a check that has several; the worst of them decides its status. */
export interface Finding {
  readonly status: CheckStatus;
  readonly seen: string;
  readonly todo: string;
}

/** From bad to good; `not-applicable` is no judgement at all. */
const order: readonly CheckStatus[] = ['fail', 'warn', 'unverified', 'pass', 'not-applicable'];
const maxTextChars = 600;

export function checkOf(name: CheckName, status: CheckStatus, seen: string, todo: string, evidence: Evidence = {}): CommissioningCheck {
  return { name, status, seen: oneLine(seen), todo: status === 'pass' ? '' : oneLine(todo), evidence };
}

/** The worst first, in words and in status. */
export function worstOf(name: CheckName, findings: readonly Finding[], evidence: Evidence = {}): CommissioningCheck {
  const sorted = [...findings].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const sentences = (pick: (f: Finding) => string): string => [...new Set(sorted.map(pick).filter((s) => s !== ''))].join(' ');
  return checkOf(name, sorted[0]?.status ?? 'unverified', sentences((f) => f.seen), sentences((f) => (f.status === 'pass' ? '' : f.todo)), evidence);
}

export function unanswered(name: CheckName, reason: string, todo: string): CommissioningCheck {
  return checkOf(name, 'unverified', reason, todo);
}

/** Texts of devices come in: no line ends, no control characters, no novels. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim().slice(0, maxTextChars);
}
