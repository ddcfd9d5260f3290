/**
 * Accounts of a device: reads them, and sets the password of one. ONVIF sends a new password as it is (SetUser), so it
 * goes over HTTPS where the device's address is one. It is in no error and no log, whatever the device repeats.
 */
import { HedgerowError } from '../../../core/errors.js';
import type { DeviceUser } from '../../onvif-client.js';
import { children, escapeXml, find, textAt } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { namespaces } from './soap-message.js';

const { tds } = namespaces;
const levels = ['Administrator', 'Operator', 'User', 'Anonymous', 'Extended'] as const;
const maxUsers = 256;
/** A secret that is shorter hides nothing, and would be found in every word. */
const shortestSecret = 3;

/** @returns null when this account may not read them, or the device does not know the question */
export async function readUsers(conversation: Conversation): Promise<readonly DeviceUser[] | null> {
  const body = await optional(() => conversation.call({ action: `${tds}/GetUsers`, body: '<tds:GetUsers/>' }));
  const told = find(body ?? undefined, 'GetUsersResponse');
  if (told === undefined) return null;
  return children(told, 'User')
    .slice(0, maxUsers)
    .flatMap((user) => {
      const username = textAt(user, 'Username');
      const level = textAt(user, 'UserLevel')?.toLowerCase();
      // A level that is not ONVIF's stays one that the device will refuse to set: better than to set another.
      return username === null || !isWritable(username) ? [] : [{ username, level: levels.find((l) => l.toLowerCase() === level) ?? 'Extended' }];
    });
}

/** @throws HedgerowError `camera.password` when the device refuses, or the password cannot be written */
export async function setUserPassword(conversation: Conversation, user: DeviceUser, password: string): Promise<void> {
  if (password === '' || !isWritable(password)) throw new HedgerowError('camera.password', 'The new password is empty or holds characters that no device can be told.', { context: { sent: false } });
  const body =
    `<tds:SetUser><tds:User><tt:Username>${escapeXml(user.username)}</tt:Username><tt:Password>${escapeXml(password)}</tt:Password>` +
    `<tt:UserLevel>${user.level}</tt:UserLevel></tds:User></tds:SetUser>`;
  let answer: unknown;
  try {
    answer = find(await conversation.call({ action: `${tds}/SetUser`, body }), 'SetUserResponse');
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError) || (thrown.code !== 'camera.reply' && thrown.context['rights'] !== true)) throw withoutSecret(thrown, password);
    const told = thrown.context['fault'];
    const said = typeof told === 'string' ? told : thrown.message;
    throw new HedgerowError('camera.password', `It refuses the new password: ${sealed(said, password)}`, { context: { sent: true, refused: true } });
  }
  // Some answer an operation that they do not have with an empty body.
  if (answer === undefined) throw new HedgerowError('camera.password', 'It answers something else than that the password is set.', { context: { sent: true, refused: false } });
}

/** Characters of XML 1.0 (2.2); others cannot be sent. */
function isWritable(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- these are what is refused
  return text.length <= 256 && !/[\u0000-\u001f\u007f\ud800-\udfff\ufffe\uffff]/u.test(text);
}

function sealed(said: string, password: string): string {
  return password.length < shortestSecret ? 'it gives a reason that may repeat it.' : said.replaceAll(password, '[sealed]').replaceAll(escapeXml(password), '[sealed]');
}

/** The same error, in case a part of what was sent came back. */
function withoutSecret(thrown: unknown, password: string): unknown {
  if (!(thrown instanceof HedgerowError) || password.length < shortestSecret || !thrown.message.includes(password)) return thrown;
  return new HedgerowError(thrown.code, sealed(thrown.message, password), { context: { sent: true } });
}
