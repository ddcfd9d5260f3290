/** Reads heavy replies in a process whose heap is bounded: it dies where a reply costs more. Run by soap-fuzz-cost.test.ts. */
import { HedgerowError } from '../../src/core/errors.js';
import { readEnvelope } from '../../src/register/adapters/onvif/soap-message.js';
import { readInputEvent } from '../../src/register/adapters/onvif/pull-point.js';
import { attribute, children, find, textAt } from '../../src/register/soap-xml.js';
import { heavyReplies } from './soap-mutations.js';

const mb = 1 << 20;
const usedMb = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / mb);
};
const send = (message: object): void => void process.send?.(message);

send({ name: 'before', outcome: '', tookMs: 0, usedMb: usedMb() });
for (const [name, make] of heavyReplies(Number(process.argv[2]))) {
  const received = Buffer.from(make(), 'utf8');
  const started = process.cpuUsage();
  let outcome = 'answer';
  try {
    const answer = readEnvelope(received.toString('utf8'));
    if (answer.status === 'answer') {
      children(find(answer.body, 'PullMessagesResponse'), 'NotificationMessage').forEach((m) => void readInputEvent(m));
      children(find(answer.body, 'GetProfilesResponse'), 'Profiles').forEach((p) => void attribute(p, 'token'));
      for (const wanted of ['a', 'x', 'nothing']) textAt(find(answer.body, wanted));
    }
  } catch (thrown) {
    outcome = thrown instanceof HedgerowError ? thrown.code : `not ours: ${String(thrown)}`;
  }
  const { user, system } = process.cpuUsage(started);
  send({ name, outcome, tookMs: (user + system) / 1000, usedMb: usedMb() });
}
