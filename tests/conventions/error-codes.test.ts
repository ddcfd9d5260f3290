/** One registry of error codes: the documentation and the OpenAPI document say the same. Update docs/errors.md with `vitest -u`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemOf } from '../../src/api/problem.js';
import { errorCodes, errorKinds, type ErrorCode } from '../../src/core/error-codes.js';
import { HedgerowError } from '../../src/core/errors.js';
import { openVillage, type Village } from '../api/two-sites.js';

const codes = Object.keys(errorCodes) as ErrorCode[];

function errorsPage(): string {
  const rows = codes.map((code) => {
    const { kind, title } = errorCodes[code];
    const { httpStatus, retry } = errorKinds[kind];
    return `| \`${code}\` | ${httpStatus} | ${retry ? 'yes' : 'no'} | ${title} |`;
  });
  return `# Errors

An error of the API is RFC 9457 problem JSON (\`application/problem+json\`):

\`\`\`json
{ "type": "urn:hedgerow:error:<code>", "title": "…", "status": 400, "detail": "…", "code": "<code>", "errors": [{ "path": "…", "reason": "…" }], "requestId": "…" }
\`\`\`

\`detail\` is left out when the thing does not exist, when the defect is ours, and when a store of ours does not answer; the log
has more under \`requestId\`. What lies outside the scope of a role reads like what does not exist. "Again" says whether the same request may work later; \`Retry-After\` says when.

This page is written from \`src/core/error-codes.ts\`.

| code | status | again | title |
|---|---|---|---|
${rows.join('\n')}
`;
}

let village: Village;
beforeAll(async () => {
  village = await openVillage();
}, 60_000);
afterAll(() => village.close());

describe('error codes', () => {
  it('are those of docs/errors.md', async () => {
    await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
  });

  it('are those of the OpenAPI document', async () => {
    const document = (await village.api.inject('/api/openapi.json')).json<{ components: { schemas: { Problem: { properties: { code: { enum: string[] } } } } } }>();
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(codes);
  });

  it('have one form, a title of their own, and a kind', () => {
    expect(new Set(codes.map((c) => errorCodes[c].title)).size).toBe(codes.length);
    for (const code of codes) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z-]+$/);
      expect(errorCodes[code].title).toMatch(/^[A-Z].*[^.]$/);
      expect(errorKinds).toHaveProperty(errorCodes[code].kind);
    }
  });

  it('make problems whose text tells no more than it may', () => {
    for (const code of codes) {
      const body = problemOf(new HedgerowError(code, 'what was seen', { cause: new Error('cause') }), 'r1');
      const { kind, title } = errorCodes[code];
      expect(body).toEqual({
        type: `urn:hedgerow:error:${code}`, title, status: errorKinds[kind].httpStatus, code, requestId: 'r1',
        ...(kind === 'internal' || kind === 'notFound' || /^(store|database|queue)\./.test(code) ? {} : { detail: 'what was seen' }),
      });
    }
  });
});
