/** Where each camera stands on its way to "commissioned", grouped by what keeps it. Pure: the page only draws this. */
import type { Camera, Rung } from '../../contract/camera.js';

export type Standing = { readonly group: 'failed'; readonly rung: Rung } | { readonly group: 'unprobed' | 'ready' | 'refused' | 'commissioned' };

export function standingOf(camera: Pick<Camera, 'onboarding' | 'commissioning'>): Standing {
  const failed = camera.onboarding.find((r) => r.status === 'fail');
  if (failed) return { group: 'failed', rung: failed };
  if (camera.onboarding.length === 0) return { group: 'unprobed' };
  if (camera.commissioning === null) return { group: 'ready' };
  return { group: camera.commissioning.verdict };
}

export interface OnboardGroup<C> {
  readonly key: string;
  readonly standing: Standing;
  readonly cameras: readonly C[];
}

/** What has to be mended first comes first; among failures, the rung that stops the most. */
export function groupCameras<C extends Pick<Camera, 'onboarding' | 'commissioning' | 'name'>>(cameras: readonly C[]): OnboardGroup<C>[] {
  const groups = new Map<string, { standing: Standing; cameras: C[] }>();
  for (const camera of cameras) {
    const standing = standingOf(camera);
    const key = standing.group === 'failed' ? `failed ${standing.rung.name}` : standing.group;
    const group = groups.get(key) ?? { standing, cameras: [] };
    group.cameras.push(camera);
    groups.set(key, group);
  }
  const rank = { failed: 0, refused: 1, unprobed: 2, ready: 3, commissioned: 4 } as const;
  return [...groups]
    .map(([key, group]) => ({ key, ...group, cameras: group.cameras.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })) }))
    .sort((a, b) => rank[a.standing.group] - rank[b.standing.group] || b.cameras.length - a.cameras.length);
}
