/** Tables that auth writes: users, sessions, one-time links, API tokens. Secrets are kept as hashes only. */
import { jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import type { Grant } from '../../contract/principal.js';

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    /** argon2id, PHC string */
    passwordHash: text('password_hash').notNull(),
    grants: jsonb('grants').$type<Grant[]>().notNull(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [uniqueIndex('users_name').on(t.name)],
);

export const sessions = pgTable('sessions', {
  /** SHA-256 of the secret, hex */
  secretHash: text('secret_hash').primaryKey(),
  /** null for a session that began with a one-time link */
  userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  grants: jsonb('grants').$type<Grant[]>().notNull(),
  expiresAt: time('expires_at').notNull(),
});

export const loginLinks = pgTable('login_links', {
  secretHash: text('secret_hash').primaryKey(),
  grants: jsonb('grants').$type<Grant[]>().notNull(),
  expiresAt: time('expires_at').notNull(),
  usedAt: time('used_at'),
});

export const tokens = pgTable(
  'tokens',
  {
    id: uuid('id').primaryKey(),
    secretHash: text('secret_hash').notNull(),
    name: text('name').notNull(),
    grants: jsonb('grants').$type<Grant[]>().notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at'),
    lastUsedAt: time('last_used_at'),
  },
  (t) => [uniqueIndex('tokens_secret').on(t.secretHash)],
);
