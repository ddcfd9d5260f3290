/** Stands in for a port while it is being built. */
import { HedgerowError } from '../core/errors.js';

export function unbuilt<T extends object>(_parts: object): T {
  return new Proxy({} as T, {
    get: (_target, name) => () => Promise.reject(new HedgerowError('process.defect', `${String(name)} is not built yet.`)),
  });
}
