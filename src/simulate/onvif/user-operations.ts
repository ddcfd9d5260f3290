/** GetUsers and SetUser: the accounts of a camera, and every way in which a change of a password goes wrong. */
import type { Call, Operation, Reply } from './service.js';
import { child, invalidArgument, soapFault, textOf } from './soap.js';
import { xml } from './xml.js';

const maxPasswordLength = 64;

export const getUsers: Operation = ({ context: { device } }) =>
  xml`<tds:GetUsersResponse>${device.accounts.list().map((account) => xml`<tds:User><tt:Username>${account.username}</tt:Username><tt:UserLevel>${account.level}</tt:UserLevel></tds:User>`)}</tds:GetUsersResponse>`;

/** Sets passwords only: a level that differs from the account's own is refused, and nothing of the request is taken. */
export const setUser: Operation = async (call) => {
  const { device } = call.context;
  const user = child(call.request.body, 'User');
  const username = textOf(user, 'Username') ?? '';
  const password = textOf(user, 'Password');
  const account = device.accounts.find(username);
  if (!account) return invalidArgument('The user name is unknown', 'ter:UsernameMissing');
  if (textOf(user, 'UserLevel') !== account.level) return invalidArgument('The level of this user is fixed', 'ter:FixedUser');
  if (password === undefined || password.length < 4 || password.length > maxPasswordLength) return soapFault(400, ['ter:OperationProhibited', 'ter:Password'], 'The password is too short or too long');
  return take(call, () => device.accounts.setPassword(username, password));
};

async function take(call: Call, apply: () => void): Promise<Reply> {
  const { context, signal } = call;
  const trait = context.device.suffering().setPassword;
  const done = xml`<tds:SetUserResponse/>`;
  const seconds = trait?.seconds ?? 0;
  switch (trait?.mode) {
    case 'refuse':
      return soapFault(400, ['ter:OperationProhibited', 'ter:PasswordTooWeak'], 'The password is too weak');
    case 'lie':
      return done;
    case 'slow':
      // It is set whether or not somebody still waits for the answer.
      await context.clock.sleep(seconds * 1000);
      apply();
      return done;
    case 'die-after':
      if (trait?.applied) apply();
      await Promise.all([context.restart(seconds * 1000), ended(signal)]);
      return done;
    case undefined:
      apply();
      return done;
  }
}

/** Resolves when the connection is gone. */
function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
