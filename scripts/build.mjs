/** `npm run build`: install when needed, then build when a source changed. */
import { ensureBuilt, ensureInstalled } from './setup.mjs';

ensureInstalled();
if (!ensureBuilt()) console.error('hedgerow: dist/ is up to date.');
