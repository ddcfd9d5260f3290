/** The one form of a point in time in every table: timestamptz with milliseconds, as a Date. */
import { timestamp } from 'drizzle-orm/pg-core';

export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });
