/** Lists answer `{ items, nextCursor }`; the cursor is opaque to the caller. */
import { z } from 'zod';

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
});
export type PageQuery = z.infer<typeof pageQuery>;

export interface Page<T> {
  items: T[];
  /** null on the last page */
  nextCursor: string | null;
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** RFC 3339 in UTC. */
export const timestamp = z.iso.datetime();
export const id = z.uuid();
/** A calendar date, YYYY-MM-DD. */
export const calendarDate = z.iso.date();
