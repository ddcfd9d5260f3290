/** Routes of credential-sets. */
import type { RouteDeps, Routes } from '../api-deps.js';

export function credentialSetRoutes(_app: Routes, _deps: RouteDeps): void {}
