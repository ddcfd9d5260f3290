/** Ids of rows: UUID version 7 (RFC 9562), so that they sort by the time they were made. */
import { v7 } from 'uuid';

export function newId(): string {
  return v7();
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return uuid.test(text);
}
