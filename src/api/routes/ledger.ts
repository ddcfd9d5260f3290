/** The ledger: entries, newest first, and whether the chain holds. Reading it is in it. */
import { z } from 'zod';
import { ledgerEntry } from '../../contract/auth-ports.js';
import { pageOf, pageQuery } from '../../contract/page.js';
import { onFleet, principalOf } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { v1 } from '../route-forms.js';
import { goneSignal } from './cameras.js';

const access = onFleet('admin', 'auditor');

export function ledgerRoutes(app: Routes, { ledger, evidence, signal }: RouteDeps): void {
  const tags = ['ledger'];
  app.get(`${v1}/ledger`, { config: { access }, schema: { tags, summary: 'Entries, newest first', querystring: pageQuery.strict(), response: { 200: pageOf(ledgerEntry) } } }, async (request) => {
    await evidence.exported(principalOf(request), 'ledger');
    return ledger.entries(request.query);
  });
  app.get(
    `${v1}/ledger/verify`,
    {
      config: { access },
      schema: { tags, summary: 'Recompute the chain; `brokenAt` is the first entry that does not hold', response: { 200: z.object({ entries: z.number().int(), brokenAt: z.number().int().nullable() }) } },
    },
    (_request, reply) => ledger.verify(AbortSignal.any([signal, goneSignal(reply)])),
  );
}
