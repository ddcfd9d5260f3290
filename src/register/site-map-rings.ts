/**
 * Whether the rings of a polygon make one area with an inside (OGC 06-103r4, 6.1.11): no ring crosses or touches itself, rings
 * do not cross each other, holes lie in the outer ring and not in each other. Orientation is exact (`robust-predicates`), so a
 * nearly straight wall is no crossing. Edges are swept across the direction in which most of them run: n log n for anything that
 * was drawn, and for 2000 vertices that were made to be slow still some ten milliseconds.
 */
import { orient2d } from 'robust-predicates';

export type LonLat = readonly [lon: number, lat: number];
/** Closed: the first position is repeated at the end. */
export type Ring = readonly LonLat[];
export interface RingFault {
  readonly ring: number;
  readonly vertex: number;
  readonly reason: string;
}

interface Edge {
  readonly ring: number;
  /** the vertex where it begins */
  readonly at: number;
  /** edges of its ring */
  readonly count: number;
  readonly a: LonLat;
  readonly b: LonLat;
}

/** Projections are rounded: their intervals are a little wider than exact ones. */
const slack = 1e-9;
/** Metres of a degree of latitude, on a sphere of 6371 km. */
const metresPerDegree = 111_195;
const leastAreaM2 = 0.01;

/** @returns the first fault of each kind, in no more than one a pair of rings */
export function ringFaults(rings: readonly Ring[]): RingFault[] {
  const crossings = crossingEdges(rings);
  // The two halves of a figure eight cancel each other out: that is a crossing, and not a ring without area.
  const flat = rings.flatMap((ring, at) => (areaM2(ring) < leastAreaM2 && !crossings.some((c) => c.ring === at && c.reason.includes('crosses')) ? [{ ring: at, vertex: 0, reason: 'encloses no area' }] : []));
  if (flat.length > 0) return flat;
  return crossings.length > 0 ? crossings : misplacedHoles(rings);
}

/** Shoelace on a plane through the ring. */
export function areaM2(ring: Ring): number {
  const [lon0, lat0] = ring[0] ?? [0, 0];
  const scaleX = metresPerDegree * Math.cos((lat0 * Math.PI) / 180);
  let twice = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [a, b] = [ring[i], ring[i + 1]];
    if (a && b) twice += (a[0] - lon0) * (b[1] - lat0) - (b[0] - lon0) * (a[1] - lat0);
  }
  return (Math.abs(twice) / 2) * scaleX * metresPerDegree;
}

function crossingEdges(rings: readonly Ring[]): RingFault[] {
  const drawn = rings.flatMap((ring, at) => edgesOf(ring, at));
  const [u, v] = sweepDirection(drawn);
  const across = (p: LonLat): number => u * p[0] + v * p[1];
  const edges = drawn.map((edge) => ({ edge, low: Math.min(across(edge.a), across(edge.b)) - slack })).sort((e, f) => e.low - f.low).map(({ edge }) => edge);
  const n = edges.length;
  // Flat numbers: the innermost loop runs over two million pairs of a ring that was made to be slow.
  const [low, high] = [interval(edges, across, Math.min, -slack), interval(edges, across, Math.max, slack)];
  const [west, east] = [interval(edges, (p) => p[0], Math.min), interval(edges, (p) => p[0], Math.max)];
  const [south, north] = [interval(edges, (p) => p[1], Math.min), interval(edges, (p) => p[1], Math.max)];
  const found = new Map<number, RingFault>();
  const open = new Int32Array(n);
  let openCount = 0;
  for (let i = 0; i < n; i++) {
    let kept = 0;
    for (let k = 0; k < openCount; k++) {
      const j = open[k] as number;
      if ((high[j] as number) < (low[i] as number)) continue;
      open[kept++] = j;
      if ((east[i] as number) < (west[j] as number) || (east[j] as number) < (west[i] as number) || (north[i] as number) < (south[j] as number) || (north[j] as number) < (south[i] as number)) continue;
      const [edge, other] = [edges[i] as Edge, edges[j] as Edge];
      const pair = Math.min(edge.ring, other.ring) * rings.length + Math.max(edge.ring, other.ring);
      const reason = found.has(pair) ? null : conflict(other, edge);
      if (reason !== null) found.set(pair, { ring: edge.ring, vertex: edge.at, reason });
    }
    open[kept] = i;
    openCount = kept + 1;
  }
  return [...found.values()];
}

function interval(edges: readonly Edge[], of: (p: LonLat) => number, end: (a: number, b: number) => number, wider = 0): Float64Array {
  return Float64Array.from(edges, ({ a, b }) => end(of(a), of(b)) + wider);
}

function edgesOf(ring: Ring, at: number): Edge[] {
  const edges: Edge[] = [];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [a, b] = [ring[i], ring[i + 1]];
    if (a && b) edges.push({ ring: at, at: i, count: ring.length - 1, a, b });
  }
  return edges;
}

/**
 * Across the direction in which most of the length runs (the mean of doubled angles): there edges are short, and few of them
 * are open at once.
 */
function sweepDirection(edges: readonly Edge[]): readonly [u: number, v: number] {
  let [cos, sin] = [0, 0];
  for (const { a, b } of edges) {
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const length = Math.hypot(dx, dy) || 1;
    cos += (dx * dx - dy * dy) / length;
    sin += (2 * dx * dy) / length;
  }
  const angle = Math.atan2(sin, cos) / 2;
  return [-Math.sin(angle), Math.cos(angle)];
}

/** @returns what is wrong between two edges, or null */
function conflict(e: Edge, f: Edge): string | null {
  const sameRing = e.ring === f.ring;
  if (sameRing && (f.at === e.at + 1 || e.at === f.at + 1 || Math.abs(e.at - f.at) === e.count - 1)) {
    // Neighbours share a vertex; a fault is only to go straight back.
    const [first, second] = e.at + 1 === f.at || (f.at === 0 && e.at === e.count - 1) ? [e, f] : [f, e];
    const back = (first.a[0] - first.b[0]) * (second.b[0] - first.b[0]) + (first.a[1] - first.b[1]) * (second.b[1] - first.b[1]) > 0;
    return back && side(first.a, first.b, second.b) === 0 ? `goes straight back over the edge before it, from vertex ${second.at}` : null;
  }
  const [o1, o2, o3, o4] = [side(e.a, e.b, f.a), side(e.a, e.b, f.b), side(f.a, f.b, e.a), side(f.a, f.b, e.b)];
  const crosses = o1 * o2 < 0 && o3 * o4 < 0;
  const [where, other] = [`the edge from vertex ${f.at} to ${f.at + 1}`, `the one from vertex ${e.at} to ${e.at + 1}${sameRing ? '' : ` of ring ${e.ring}`}`];
  if (!sameRing) {
    const overlaps = o1 === 0 && o2 === 0 && overlapLength(e, f) > 0;
    return crosses || overlaps ? `${where} ${crosses ? 'crosses' : 'lies on'} ${other}` : null;
  }
  const touches = (o1 === 0 && within(e, f.a)) || (o2 === 0 && within(e, f.b)) || (o3 === 0 && within(f, e.a)) || (o4 === 0 && within(f, e.b));
  return crosses || touches ? `${where} ${crosses ? 'crosses' : 'touches'} ${other}` : null;
}

function side(a: LonLat, b: LonLat, c: LonLat): number {
  return Math.sign(orient2d(a[0], a[1], b[0], b[1], c[0], c[1]));
}

/** Of a point on the line of the edge. */
function within({ a, b }: Edge, p: LonLat): boolean {
  return p[0] >= Math.min(a[0], b[0]) && p[0] <= Math.max(a[0], b[0]) && p[1] >= Math.min(a[1], b[1]) && p[1] <= Math.max(a[1], b[1]);
}

/** Of two edges on one line. */
function overlapLength(e: Edge, f: Edge): number {
  const d = Math.abs(e.b[0] - e.a[0]) >= Math.abs(e.b[1] - e.a[1]) ? 0 : 1;
  return Math.min(Math.max(e.a[d], e.b[d]), Math.max(f.a[d], f.b[d])) - Math.max(Math.min(e.a[d], e.b[d]), Math.min(f.a[d], f.b[d]));
}

function misplacedHoles(rings: readonly Ring[]): RingFault[] {
  const [shell, ...holes] = rings;
  if (!shell) return [];
  return holes.flatMap((hole, at): RingFault[] => {
    const outside = hole.findIndex((p) => place(shell, p) !== 'on');
    const p = hole[outside];
    if (p && place(shell, p) === 'outside') return [{ ring: at + 1, vertex: outside, reason: 'is a hole outside the outer ring' }];
    const around = holes.findIndex((other, i) => i !== at && hole.some((q) => place(other, q) !== 'on') && place(other, hole.find((q) => place(other, q) !== 'on') ?? [NaN, NaN]) === 'inside');
    return around < 0 ? [] : [{ ring: at + 1, vertex: 0, reason: `is a hole inside the hole of ring ${around + 1}` }];
  });
}

/** Even-odd rule with exact sides (Shimrat 1962). */
export function place(ring: Ring, p: LonLat): 'inside' | 'outside' | 'on' {
  let inside = false;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [a, b] = [ring[i], ring[i + 1]];
    if (!a || !b) continue;
    if ((a[1] > p[1]) === (b[1] > p[1])) {
      if (a[1] === p[1] && b[1] === p[1] && p[0] >= Math.min(a[0], b[0]) && p[0] <= Math.max(a[0], b[0])) return 'on';
      if ((a[0] === p[0] && a[1] === p[1]) || (b[0] === p[0] && b[1] === p[1])) return 'on';
      continue;
    }
    const s = side(a, b, p);
    if (s === 0) return 'on';
    if (s > 0 === b[1] > a[1]) inside = !inside;
  }
  return inside ? 'inside' : 'outside';
}
