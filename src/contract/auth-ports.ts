/** What api and cli ask of auth and of the ledger. */
import { z } from 'zod';
import { id, timestamp, type Page, type PageQuery } from './page.js';
import { grant, type Principal } from './principal.js';

export const newUser = z.strictObject({
  name: z.string().trim().toLowerCase().regex(/^[a-z0-9][a-z0-9._-]{1,63}$/, 'use 2 to 64 of a-z, 0-9, dot, dash, underscore'),
  password: z.string().min(10).max(200),
  grants: z.array(grant).min(1).max(100),
});
export type NewUser = z.infer<typeof newUser>;
export const user = z.object({ id, name: z.string(), grants: z.array(grant), createdAt: timestamp });
export type User = z.infer<typeof user>;

export const newToken = z.strictObject({
  name: z.string().trim().min(1).max(120),
  grants: z.array(grant).min(1).max(100),
  expiresAt: timestamp.nullable().default(null),
});
export type NewToken = z.infer<typeof newToken>;
export const token = z.object({ id, name: z.string(), grants: z.array(grant), createdAt: timestamp, expiresAt: timestamp.nullable(), lastUsedAt: timestamp.nullable() });
export type Token = z.infer<typeof token>;

export interface Auth {
  /** Name and password to a session. Slow on purpose; the same error for an unknown name and a wrong password. */
  login(name: string, password: string, ip: string): Promise<{ sessionSecret: string; principal: Principal; expiresAtMs: number }>;
  /** A one-time link's secret to a session. */
  redeemLink(secret: string, ip: string): Promise<{ sessionSecret: string; principal: Principal; expiresAtMs: number }>;
  /** A one-time admin link, good for some minutes. @returns its secret */
  createLink(lifeMs: number): Promise<string>;
  logout(sessionSecret: string): Promise<void>;
  /** @returns undefined when it is unknown or has expired */
  bySession(sessionSecret: string): Promise<Principal | undefined>;
  byToken(secret: string): Promise<Principal | undefined>;
  users(page: PageQuery): Promise<Page<User>>;
  createUser(input: NewUser, by: Principal): Promise<User>;
  removeUser(id: string, by: Principal): Promise<void>;
  tokens(page: PageQuery): Promise<Page<Token>>;
  /** @returns the secret once; only its hash is kept */
  createToken(input: NewToken, by: Principal): Promise<{ token: Token; secret: string }>;
  removeToken(id: string, by: Principal): Promise<void>;
}

export const ledgerEntry = z.object({
  seq: z.number().int(),
  tsUtc: timestamp,
  actor: z.string(),
  action: z.string(),
  objectType: z.string(),
  objectId: z.string(),
  outcome: z.enum(['ok', 'refused', 'failed']),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  prevHash: z.string(),
  hash: z.string(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;
export type NewLedgerEntry = Pick<LedgerEntry, 'actor' | 'action' | 'objectType' | 'objectId' | 'outcome'> & { details?: LedgerEntry['details'] };

/** The tamper-evident log. Now a hash chain; the Merkle tree and its checkpoints come on top of the same rows. */
export interface Ledger {
  append(entry: NewLedgerEntry): Promise<LedgerEntry>;
  entries(page: PageQuery): Promise<Page<LedgerEntry>>;
  /** Recomputes the chain. @returns the first broken sequence number, or null */
  verify(signal: AbortSignal): Promise<{ entries: number; brokenAt: number | null }>;
}

/** Encrypts secrets at rest: AES-256-GCM, a fresh nonce each, bound to a context so that rows cannot be swapped. */
export interface Sealer {
  seal(secret: string, context: string): string;
  /** Throws `config.key` when the key or the context is not the one it was sealed with. */
  open(sealed: string, context: string): string;
  /** A keyed hash (HMAC-SHA-256, base64url): tells whether two secrets are the same, and cannot be turned back. */
  fingerprint(secret: string, context: string): string;
}
