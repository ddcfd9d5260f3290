/**
 * The parameter sets of one stream, from its description and from the stream itself: the newest of each number. They are put
 * before every key unit, so that any decoder can take it. Bounded in number and size.
 */
import type { NalCodec } from './nal-codec.js';

const mostSets = 40;
/** A set with scaling lists and all extensions stays far below. */
const longestSetBytes = 16_384;
const startCode = Uint8Array.of(0, 0, 0, 1);

export interface ParameterSets {
  /** @param unit one whole unit without start code; it is copied */
  put(unit: Uint8Array): void;
  /** whether there is one of each kind: a shared decoder would take what is missing from another camera's stream */
  complete(): boolean;
  /** all sets as a byte stream (Annex B), in the order in which a decoder needs them */
  bytes(): Uint8Array;
}

export function createParameterSets(codec: NalCodec, described: readonly Uint8Array[]): ParameterSets {
  const sets = new Map<string, { type: number; unit: Buffer }>();
  let made: Uint8Array | undefined;
  const put = (unit: Uint8Array): void => {
    const type = codec.type(unit[0] ?? 0);
    if (codec.kind(type) !== 'parameters' || unit.length <= codec.headerBytes || unit.length > longestSetBytes) return;
    const name = codec.parameterName(type, unit);
    const known = sets.get(name);
    if (known?.unit.equals(unit)) return;
    if (!known && sets.size >= mostSets) return;
    sets.set(name, { type, unit: Buffer.from(unit) });
    made = undefined;
  };
  described.forEach(put);
  return {
    put,
    complete: () => codec.parameterOrder.every((type) => [...sets.values()].some((s) => s.type === type)),
    bytes() {
      made ??= Buffer.concat(
        codec.parameterOrder.flatMap((type) => [...sets.values()].filter((s) => s.type === type).flatMap((s) => [startCode, s.unit])),
      );
      return made;
    },
  };
}
