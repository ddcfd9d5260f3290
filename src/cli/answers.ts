/** Reads answers of the API: a problem becomes a sentence for the user, a list is read to its end. */
import { z } from 'zod';
import { CommandFailed, type ApiAnswer, type ApiClient } from './context.js';

const problem = z.object({
  title: z.string(),
  detail: z.string().optional(),
  code: z.string(),
  errors: z.array(z.object({ path: z.string(), reason: z.string() })).optional(),
});

/** @throws CommandFailed with the problem's text, or when the answer has another form */
export function expectOk<T>(answer: ApiAnswer, schema: z.ZodType<T>): T {
  if (answer.status >= 400) throw new CommandFailed(problemText(answer));
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success) throw new CommandFailed('The answer is not one of this version of Hedgerow. Is another program, or another version, at that address?');
  return parsed.data;
}

export function problemText(answer: ApiAnswer): string {
  const parsed = problem.safeParse(answer.body);
  if (!parsed.success) return `The API answered ${answer.status}, and not in the form of a Hedgerow.`;
  const { title, detail, code, errors } = parsed.data;
  const lines = [`${detail && detail !== title ? detail : title} (${code})`, ...(errors ?? []).map((e) => `  ${e.path}: ${e.reason}`)];
  return lines.join('\n');
}

/** Every item of a paged list. */
export async function readAll<T>(client: ApiClient, path: string, item: z.ZodType<T>, onPage?: (soFar: number) => void): Promise<T[]> {
  const items: T[] = [];
  const list = z.object({ items: z.array(item), nextCursor: z.string().nullable() });
  let cursor: string | null = null;
  do {
    const separator = path.includes('?') ? '&' : '?';
    const at: string = `${path}${separator}limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const page: z.infer<typeof list> = expectOk(await client.request('GET', at), list);
    items.push(...page.items);
    cursor = page.nextCursor;
    onPage?.(items.length);
  } while (cursor);
  return items;
}
