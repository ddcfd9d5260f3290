/** The form of one entry: the bytes that are hashed, and the way back from a row. Must not touch the database. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ledgerEntry, type LedgerEntry, type NewLedgerEntry } from '../contract/auth-ports.js';
import { canonicalJson } from '../core/canonical-json.js';
import { HedgerowError } from '../core/errors.js';

/** What the first entry names as the hash before it. */
export const genesisHash = '0'.repeat(64);

export interface LedgerRow {
  readonly seq: number;
  readonly bytes: string;
  readonly prevHash: string;
  readonly hash: string;
}

const word = z.string().min(1).max(200);
const newEntry = z.strictObject({
  actor: word,
  action: word,
  objectType: word,
  objectId: word,
  outcome: ledgerEntry.shape.outcome,
  details: z.record(z.string().max(100), z.union([z.string().max(8000), z.number(), z.boolean(), z.null()])).default({}),
});
const hashedEntry = ledgerEntry.omit({ hash: true }).extend({ v: z.literal(1) }).strict();

/** @throws HedgerowError `process.defect` for an entry that is too long or holds something else than scalars */
export function checkEntry(entry: NewLedgerEntry): z.infer<typeof newEntry> {
  const parsed = newEntry.safeParse(entry);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new HedgerowError('process.defect', `An entry of the ledger has a wrong form at ${paths}.`, { context: { action: String(entry.action).slice(0, 100) } });
}

/** RFC 6962, 2.1: hash of a leaf. */
export function leafHash(bytes: string): string {
  return createHash('sha256').update(Uint8Array.of(0)).update(bytes, 'utf8').digest('hex');
}

export function rowOf(entry: z.infer<typeof newEntry>, seq: number, tsUtc: string, prevHash: string): LedgerRow {
  const bytes = canonicalJson({ v: 1, ...entry, seq, tsUtc, prevHash });
  return { seq, bytes, prevHash, hash: leafHash(bytes) };
}

/** @throws HedgerowError `ledger.broken` when the bytes of a row are not an entry */
export function entryOf(row: LedgerRow): LedgerEntry {
  const parsed = parseBytes(row.bytes);
  if (!parsed) throw new HedgerowError('ledger.broken', `Entry ${row.seq} of the ledger cannot be read. Run: hedgerow ledger verify`, { context: { seq: row.seq } });
  const { seq, tsUtc, actor, action, objectType, objectId, outcome, details, prevHash } = parsed;
  return { seq, tsUtc, actor, action, objectType, objectId, outcome, details, prevHash, hash: row.hash };
}

/** Whether a row is entry `seq`, is what was hashed, and follows an entry with the hash `prevHash`. */
export function holds(row: LedgerRow, seq: number, prevHash: string): boolean {
  if (row.seq !== seq || row.prevHash !== prevHash || row.hash !== leafHash(row.bytes)) return false;
  const parsed = parseBytes(row.bytes);
  return parsed !== undefined && parsed.seq === seq && parsed.prevHash === prevHash;
}

/** Only canonical bytes count: a row with the same meaning in another spelling is not what was written. */
function parseBytes(bytes: string): z.infer<typeof hashedEntry> | undefined {
  try {
    const value = JSON.parse(bytes) as unknown;
    const parsed = hashedEntry.safeParse(value);
    return parsed.success && canonicalJson(parsed.data) === bytes ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
