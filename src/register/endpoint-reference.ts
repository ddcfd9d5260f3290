/** The endpoint reference of a device (WS-Addressing), the primary part of its identity, in one spelling. */

/** `urn:uuid:X`, `uuid:X`, `{X}` and a bare `X` in any case are the same. @returns null for an empty one */
export function normalEndpointReference(text: string): string | null {
  const trimmed = text.trim().toLowerCase().slice(0, 200);
  const bare = trimmed.replace(/^(urn:)?(uuid:)?/, '').replace(/^\{(.*)\}$/, '$1');
  if (bare === '' || /^[0-]*$/.test(bare)) return null;
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(bare) ? `urn:uuid:${bare}` : trimmed;
}
