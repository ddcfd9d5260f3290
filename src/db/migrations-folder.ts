/** Where the migrations are: in the package's own sources, whether we run from `src` or from `dist/src`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { HedgerowError } from '../core/errors.js';

export function migrationsFolder(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'src', 'db', 'migrations');
    if (existsSync(path.join(candidate, 'meta', '_journal.json'))) return candidate;
    if (folder === path.dirname(folder)) {
      throw new HedgerowError('process.defect', `The migrations (src/db/migrations) are nowhere above ${from}.`);
    }
  }
}
