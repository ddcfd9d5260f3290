/**
 * The part of a file that a request asks for (RFC 9110 section 14): one range of bytes. Several ranges, other units and forms
 * that nobody knows are answered with the whole file, as the RFC allows.
 */
export type ByteRange =
  | { readonly status: 'whole' }
  /** both ends included */
  | { readonly status: 'part'; readonly from: number; readonly to: number }
  | { readonly status: 'outside' };

const oneRange = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** @param ifRange the tag of the file that the range is meant for; another file is sent whole */
export function byteRange(range: string | undefined, ifRange: string | undefined, etag: string, size: number): ByteRange {
  const [, first, last] = oneRange.exec(range?.replaceAll(' ', '') ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return { status: 'whole' };
  if (ifRange !== undefined && ifRange !== etag) return { status: 'whole' };
  if (first === '') {
    const count = Number(last);
    return count === 0 || size === 0 ? { status: 'outside' } : { status: 'part', from: Math.max(0, size - count), to: size - 1 };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return { status: 'whole' };
  if (from >= size) return { status: 'outside' };
  return { status: 'part', from, to: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
