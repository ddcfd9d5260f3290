/** Routes of commissionings. */
import type { RouteDeps, Routes } from '../api-deps.js';

export function commissioningRoutes(_app: Routes, _deps: RouteDeps): void {}
