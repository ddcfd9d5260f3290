/** Whether something stands within a kilometre of the site's boundary: what stands elsewhere was drawn in another system, or swapped. */
import { place, type LonLat, type Ring } from './site-map-rings.js';

export const reachM = 1_000;
const metresPerDegree = 111_195;
const cellsAcross = 200;

export class SiteReach {
  readonly #ring: Ring;
  readonly #origin: LonLat;
  readonly #scaleX: number;
  readonly #cellM: number;
  readonly #points: readonly (readonly [x: number, y: number])[];
  readonly #reachM: readonly [west: number, south: number, east: number, north: number];
  /** whole cells that are in or out: most vertices of a map stand close together */
  readonly #cells = new Map<number, 'in' | 'out' | 'edge'>();

  /** @param boundary open or closed, three different vertices or more */
  constructor(boundary: Ring) {
    const [first, last] = [boundary[0], boundary.at(-1)];
    this.#ring = first && last && (first[0] !== last[0] || first[1] !== last[1]) ? [...boundary, first] : boundary;
    this.#origin = first ?? [0, 0];
    this.#scaleX = metresPerDegree * Math.cos((this.#origin[1] * Math.PI) / 180);
    this.#points = this.#ring.map((p) => this.#flat(p));
    const [xs, ys] = [this.#points.map((p) => p[0]), this.#points.map((p) => p[1])];
    this.#reachM = [Math.min(...xs) - reachM, Math.min(...ys) - reachM, Math.max(...xs) + reachM, Math.max(...ys) + reachM];
    this.#cellM = Math.max(10, (this.#reachM[2] - this.#reachM[0]) / cellsAcross, (this.#reachM[3] - this.#reachM[1]) / cellsAcross);
  }

  /** Inside the boundary, or at most a kilometre from it. */
  holds(position: LonLat): boolean {
    const [x, y] = this.#flat(position);
    const [west, south, east, north] = this.#reachM;
    if (x < west || x > east || y < south || y > north) return false;
    const [column, row] = [Math.floor((x - west) / this.#cellM), Math.floor((y - south) / this.#cellM)];
    const key = row * (cellsAcross + 2) + column;
    let known = this.#cells.get(key);
    if (known === undefined) {
      const centre = [west + (column + 0.5) * this.#cellM, south + (row + 0.5) * this.#cellM] as const;
      const [distanceM, halfM] = [this.#distanceM(centre), this.#cellM * Math.SQRT1_2];
      known = distanceM + halfM <= reachM ? 'in' : distanceM - halfM > reachM ? 'out' : 'edge';
      this.#cells.set(key, known);
    }
    return known === 'edge' ? this.#distanceM([x, y]) <= reachM : known === 'in';
  }

  #flat([lon, lat]: LonLat): [number, number] {
    return [(lon - this.#origin[0]) * this.#scaleX, (lat - this.#origin[1]) * metresPerDegree];
  }

  /** 0 inside. */
  #distanceM([x, y]: readonly [number, number]): number {
    if (place(this.#ring, [this.#origin[0] + x / this.#scaleX, this.#origin[1] + y / metresPerDegree]) !== 'outside') return 0;
    let least = Infinity;
    for (let i = 0; i + 1 < this.#points.length; i++) {
      const [a, b] = [this.#points[i], this.#points[i + 1]];
      if (!a || !b) continue;
      const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
      const along = Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1)));
      least = Math.min(least, Math.hypot(x - a[0] - along * dx, y - a[1] - along * dy));
    }
    return least;
  }
}
