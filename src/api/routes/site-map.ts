/** Routes of site-map. */
import type { RouteDeps, Routes } from '../api-deps.js';

export function siteMapRoutes(_app: Routes, _deps: RouteDeps): void {}
