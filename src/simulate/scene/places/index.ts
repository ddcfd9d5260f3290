/** The four places that are drawn; cameras take them in turn. */
import type { Scene } from '../scene.js';
import { createPumpStation } from './pump-station.js';
import { createSchoolGate } from './school-gate.js';
import { createStorehouse } from './storehouse.js';
import { createWaterEdge } from './water-edge.js';

const makers = [createPumpStation, createStorehouse, createWaterEdge, createSchoolGate] as const;
export const sceneCount = makers.length;

/** @param index any number; goes round */
export function createScene(index: number, seed: number): Scene {
  const which = index % makers.length;
  return (makers[which] ?? createPumpStation)(seed + which);
}
