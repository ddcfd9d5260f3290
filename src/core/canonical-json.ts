/**
 * RFC 8785 (JCS) canonical JSON for the values that we hash: strings, finite numbers, booleans, null, arrays and plain
 * objects. Keys are sorted by UTF-16 code units; ECMAScript's number and string forms are those of the RFC.
 */
export type Canonical = string | number | boolean | null | readonly Canonical[] | { readonly [key: string]: Canonical | undefined };

export function canonicalJson(value: Canonical): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v as Canonical)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value as Record<string, Canonical | undefined>)
      .filter((e): e is [string, Canonical] => e[1] !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('canonical JSON has no NaN and no infinity');
  return JSON.stringify(value);
}
