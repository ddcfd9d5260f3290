/** The accounts of a camera. A password that was set holds until the village ends, through restarts and cleared faults. */

export interface Account {
  readonly username: string;
  readonly password: string;
  readonly level: 'Administrator' | 'Operator' | 'User';
}

export interface Accounts {
  /** those that there are now */
  list(): readonly Account[];
  find(username: string): Account | undefined;
  /** @returns false when there is no such account */
  setPassword(username: string, password: string): boolean;
}

/** @param given the accounts with the passwords that they had at first; may change with the camera's traits */
export function createAccounts(given: () => readonly Account[]): Accounts {
  const changed = new Map<string, string>();
  const list = (): readonly Account[] => given().map((account) => ({ ...account, password: changed.get(account.username) ?? account.password }));
  const find = (username: string): Account | undefined => list().find((account) => account.username === username);
  return {
    list,
    find,
    setPassword(username, password) {
      if (!find(username)) return false;
      changed.set(username, password);
      return true;
    },
  };
}
