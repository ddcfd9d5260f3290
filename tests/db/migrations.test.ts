/** The migrations make exactly the schema of the code, from nothing, on both databases. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { is, sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { migrationsFolder } from '../../src/db/migrations-folder.js';
import * as schema from '../../src/db/schema/index.js';
import { eachDatabase } from '../support/databases.js';

const tables = (Object.values(schema) as unknown[]).filter((value): value is PgTable => is(value, PgTable)).map((table) => getTableConfig(table));

describe('migrations', () => {
  it('are found from the sources and from the build', () => {
    const root = path.resolve(import.meta.dirname, '../..');
    const folder = path.join(root, 'src', 'db', 'migrations');
    expect(migrationsFolder()).toBe(folder);
    expect(migrationsFolder(path.join(root, 'dist', 'src', 'db'))).toBe(folder);
    expect(() => migrationsFolder('/')).toThrow(expect.objectContaining({ code: 'process.defect' }));
  });

  it('are in the order of their times, each with its file', () => {
    const journal = JSON.parse(readFileSync(path.join(migrationsFolder(), 'meta', '_journal.json'), 'utf8')) as { entries: { idx: number; when: number; tag: string }[] };
    for (const [i, entry] of journal.entries.entries()) {
      expect(entry.idx).toBe(i);
      if (i > 0) expect(entry.when).toBeGreaterThan(journal.entries[i - 1]?.when ?? Infinity);
      expect(readFileSync(path.join(migrationsFolder(), `${entry.tag}.sql`), 'utf8').trim()).not.toBe('');
    }
    const files = execFileSync('ls', [migrationsFolder()], { encoding: 'utf8' }).split('\n').filter((name) => name.endsWith('.sql'));
    expect(files).toEqual(journal.entries.map((entry) => `${entry.tag}.sql`));
  });

  describe.each(eachDatabase())('on $name', ({ open }) => {
    it('give every table, column, index and reference of the schema, and no other', async () => {
      const database = await open({ migrate: false });
      try {
        await database.migrate();
        const query = async (text: ReturnType<typeof sql>): Promise<Record<string, unknown>[]> => ((await database.orm.execute(text)) as { rows: Record<string, unknown>[] }).rows;

        const columns = await query(sql`select table_name, column_name, is_nullable, format_type(a.atttypid, a.atttypmod) as type
          from information_schema.columns c join pg_attribute a on a.attrelid = ('public.' || quote_ident(c.table_name))::regclass and a.attname = c.column_name
          where table_schema = 'public' order by 1, 2`);
        const there = columns.map((c) => `${String(c['table_name'])}.${String(c['column_name'])} ${String(c['type'])}${c['is_nullable'] === 'NO' ? ' not null' : ''}`);
        const wanted = tables.flatMap((t) => t.columns.map((c) => `${t.name}.${c.name} ${typeOf(c.getSQLType())}${c.notNull ? ' not null' : ''}`)).sort(byTableAndColumn);
        expect(there.sort(byTableAndColumn)).toEqual(wanted);

        const indexes = await query(sql`select i.relname as name, t.relname as table, x.indisunique as unique, pg_get_expr(x.indpred, x.indrelid) is not null as partial, x.indnatts as width
          from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid join pg_namespace n on n.oid = t.relnamespace
          where n.nspname = 'public' and not x.indisprimary order by 1`);
        expect(indexes.map((i) => [i['name'], i['table'], i['unique'], i['partial'], i['width']])).toEqual(
          tables
            .flatMap((t) => t.indexes.map(({ config }) => [config.name, t.name, config.unique, config.where !== undefined, config.columns.length]))
            .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
        );

        const references = await query(sql`select conrelid::regclass::text as from_table, confrelid::regclass::text as to_table from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`);
        const pair = (from: unknown, to: unknown): string => `${String(from)} -> ${String(to)}`;
        expect(references.map((r) => pair(r['from_table'], r['to_table'])).sort()).toEqual(
          tables.flatMap((t) => t.foreignKeys.map((key) => pair(t.name, getTableConfig(key.reference().foreignTable).name))).sort(),
        );
      } finally {
        await database.close();
      }
    });
  });
});

function byTableAndColumn(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** drizzle's name of a type as Postgres prints it. */
function typeOf(type: string): string {
  if (type === 'bigserial') return 'bigint';
  return type.replace('timestamp (3)', 'timestamp(3)');
}
