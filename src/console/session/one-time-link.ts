/** A one-time link carries its secret in the fragment, which no server and no proxy log ever sees. */

/** @returns the secret of `#link=SECRET`, or undefined */
export function linkSecret(hash: string): string | undefined {
  const match = /^#\/?link=([^&]+)$/.exec(hash);
  if (!match?.[1]) return undefined;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return undefined;
  }
}
