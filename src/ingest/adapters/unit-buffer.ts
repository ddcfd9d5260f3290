/** The memory in which one access unit is put together: it grows as needed, is used again, and ends at a bound. */

/** A key unit of an 8K camera stays below. */
export const mostUnitBytes = 8 * 1024 * 1024;
const firstBytes = 64 * 1024;
/** What a stream keeps between two units. */
const keptBytes = 1024 * 1024;

export interface UnitBuffer {
  length(): number;
  /** start code and header of a unit (NAL). @param header1 -1: there is none */
  header(header0: number, header1: number): void;
  append(bytes: Uint8Array, from: number, to: number): void;
  /** Puts bytes before all others. */
  prepend(bytes: Uint8Array): void;
  cut(length: number): void;
  range(from: number, to: number): Buffer;
  /** @returns all of it, in this buffer's own memory; undefined when it was too long */
  bytes(): Buffer | undefined;
  clear(): void;
}

export function createUnitBuffer(): UnitBuffer {
  let memory = Buffer.alloc(0);
  let used = 0;
  let overflown = false;
  const room = (more: number): boolean => {
    if (overflown || used + more > mostUnitBytes) {
      overflown = true;
      return false;
    }
    if (used + more > memory.length) {
      const larger = Buffer.allocUnsafe(Math.min(mostUnitBytes, Math.max(firstBytes, memory.length * 2, used + more)));
      memory.copy(larger, 0, 0, used);
      memory = larger;
    }
    return true;
  };
  return {
    length: () => used,
    header(header0, header1) {
      if (!room(header1 < 0 ? 5 : 6)) return;
      memory[used] = 0;
      memory[used + 1] = 0;
      memory[used + 2] = 0;
      memory[used + 3] = 1;
      memory[used + 4] = header0;
      used += 5;
      if (header1 >= 0) memory[used++] = header1;
    },
    append(bytes, from, to) {
      if (to <= from || !room(to - from)) return;
      memory.set(bytes.subarray(from, to), used);
      used += to - from;
    },
    prepend(bytes) {
      if (!room(bytes.length)) return;
      memory.copyWithin(bytes.length, 0, used);
      memory.set(bytes, 0);
      used += bytes.length;
    },
    cut(length) {
      used = Math.min(used, Math.max(0, length));
    },
    range: (from, to) => memory.subarray(from, Math.min(to, used)),
    bytes: () => (overflown ? undefined : memory.subarray(0, used)),
    clear() {
      used = 0;
      overflown = false;
      if (memory.length > keptBytes) memory = Buffer.alloc(0);
    },
  };
}
