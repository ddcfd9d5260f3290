/** The check of rows against objects, and of the ledger. */
import { z } from 'zod';
import { checkReport } from '../../contract/store-ports.js';
import { onFleet } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { v1 } from '../route-forms.js';
import { goneSignal } from './cameras.js';

export function checkRoutes(app: Routes, { check, ledger, signal }: RouteDeps): void {
  app.post(
    `${v1}/check`,
    {
      config: { access: onFleet('admin') },
      schema: {
        tags: ['check'],
        summary: 'Compare rows and objects both ways, and recompute the ledger; `repair` mends what can be mended',
        body: z.strictObject({ repair: z.boolean().default(false), readBytes: z.boolean().default(true) }).nullish(),
        response: { 200: checkReport },
      },
    },
    async (request, reply) => {
      const { repair = false, readBytes = true } = request.body ?? {};
      const stop = AbortSignal.any([signal, goneSignal(reply)]);
      const report = await check.check({ repair, readBytes, signal: stop });
      const { entries, brokenAt } = await ledger.verify(stop);
      if (brokenAt === null || report.problems.some((p) => p.kind === 'ledger-broken')) return report;
      const problem = { kind: 'ledger-broken' as const, subject: `entry ${brokenAt}`, detail: `The chain holds for ${entries} entries and breaks at ${brokenAt}.`, repaired: false };
      return { ...report, clean: false, problems: [...report.problems, problem] };
    },
  );
}
