/**
 * Bytes of a text file to UTF-8 bytes, whatever a spreadsheet program of the region saved: UTF-8 with or without byte order
 * mark, UTF-16 with one (Excel's "Unicode text"), GB18030 and so GBK and GB2312 (what Excel writes on a Chinese Windows).
 * A byte order mark is taken off.
 */
import { isUtf8 } from 'node:buffer';
import { takeTurn } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import type { ErrorCode } from '../core/error-codes.js';

/** So much is decoded before the event loop has a turn: about 10 ms. */
const sliceBytes = 1024 * 1024;

/** @throws HedgerowError of the given code when it is no text in one of these encodings, or holds a zero byte */
export async function decodeText(bytes: Uint8Array, code: ErrorCode): Promise<Buffer> {
  const text = await toUtf8(bytes, code);
  const nul = text.indexOf(0);
  if (nul >= 0) throw new HedgerowError(code, `Line ${lineAt(text, nul)} holds a zero byte: this is no text file.`);
  return text;
}

async function toUtf8(bytes: Uint8Array, code: ErrorCode): Promise<Buffer> {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (source[0] === 0xff && source[1] === 0xfe) return transcode(source.subarray(2), 'utf-16le', code, 'The file begins like UTF-16 text, but is none: save it as "CSV UTF-8" and send that.');
  if (source[0] === 0xfe && source[1] === 0xff) return transcode(source.subarray(2), 'utf-16be', code, 'The file begins like UTF-16 text, but is none: save it as "CSV UTF-8" and send that.');
  if (isUtf8(source)) return source.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? source.subarray(3) : source;
  const neither = 'The file is not UTF-8 text, nor GB18030. Save it as "CSV UTF-8" and send that.';
  if (!looksChinese(source)) throw new HedgerowError(code, neither);
  return transcode(source, 'gb18030', code, neither);
}

async function transcode(source: Buffer, encoding: string, code: ErrorCode, fault: string): Promise<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  // Two bytes become three at most, in either encoding: one buffer takes all, and no second copy is made.
  const text = Buffer.allocUnsafe(Math.ceil(source.length * 1.5) + 8);
  let length = 0;
  try {
    for (let at = 0; at < source.length; at += sliceBytes) {
      length += text.write(decoder.decode(source.subarray(at, at + sliceBytes), { stream: true }), length, 'utf8');
      await takeTurn();
    }
    length += text.write(decoder.decode(), length, 'utf8');
  } catch (cause) {
    throw new HedgerowError(code, fault, { cause });
  }
  return text.subarray(0, length);
}

/**
 * Nearly any bytes are valid GB18030, so that "Prés" in Latin-1 would come out as a Chinese sign. In Chinese text the second
 * byte of a pair is a high one, in Latin-1 the letter after an accented one is a low one: the more frequent decides.
 */
function looksChinese(source: Buffer): boolean {
  let [high, low] = [0, 0];
  for (let i = 0; i < source.length && high + low < 20_000; i++) {
    if ((source[i] ?? 0) < 0x80) continue;
    const next = source[++i] ?? 0;
    if (next >= 0x80 || (next >= 0x30 && next <= 0x39)) high++;
    else low++;
  }
  return high > low;
}

function lineAt(text: Buffer, at: number): number {
  return text.subarray(0, at).toString('latin1').split('\n').length;
}
