/** Routes of device-changes. */
import type { RouteDeps, Routes } from '../api-deps.js';

export function deviceChangeRoutes(_app: Routes, _deps: RouteDeps): void {}
