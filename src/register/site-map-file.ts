/** Bytes of a GeoJSON file to the features of a site's map, each with what is wrong with it by itself. */
import { createHash } from 'node:crypto';
import type { FeatureGeometry, FeatureKind } from '../contract/site-map.js';
import type { PlaceKind } from '../contract/site.js';
import { HedgerowError } from '../core/errors.js';
import { holdsControl } from './camera-table.js';
import { ElementsFault, readElements, type Element } from './json-elements.js';
import { readGeometry, verticesOf, type VertexFault } from './site-map-geometry.js';
import { featureKindOf, placeKindOf, propertyNames } from './site-map-words.js';
import { decodeText } from './text-decoding.js';

/** A feature of 50 rings of 2000 vertices with seven decimals fits. */
export const mapLimits = { bytes: 16 * 1024 * 1024, features: 20_000, vertices: 200_000, heightM: 300, featureBytes: 3 * 1024 * 1024, featureNodes: 150_000, depth: 12 } as const;

/** One geometry of the file: a Multi geometry makes several of the same `index`. */
export interface DrawnFeature {
  /** 0-based place in the file */
  readonly index: number;
  readonly name: string;
  /** as the file calls it when we do not know it */
  readonly kindText: string;
  /** identifies the feature in later files */
  readonly sourceId: string;
  /** null: it has faults */
  readonly drawn: { readonly kind: FeatureKind; readonly geometry: FeatureGeometry; readonly heightM: number | null; readonly placeKind: PlaceKind | null } | null;
  readonly faults: readonly VertexFault[];
}

/** @throws HedgerowError `map.unreadable`, `request.too-large` */
export async function readMapFile(bytes: Uint8Array): Promise<DrawnFeature[]> {
  if (bytes.byteLength > mapLimits.bytes) throw new HedgerowError('request.too-large', `The map has ${bytes.byteLength} bytes; at most ${mapLimits.bytes} are read. Leave out what is far from the site.`);
  const features: DrawnFeature[] = [];
  const unnamed = new Map<string, number>();
  let vertices = 0;
  let rest: Record<string, unknown> | null;
  try {
    rest = await readElements(await decodeText(bytes, 'map.unreadable'), 'features', { elements: mapLimits.features, elementBytes: mapLimits.featureBytes, elementNodes: mapLimits.featureNodes, depth: mapLimits.depth }, (element) => {
      for (const feature of readFeature(element, unnamed)) {
        features.push(feature);
        if (feature.drawn) for (const { positions } of verticesOf(feature.drawn.geometry)) vertices += positions.length;
      }
      if (features.length > mapLimits.features) throw tooMany('features', mapLimits.features);
      if (vertices > mapLimits.vertices) throw tooMany('vertices', mapLimits.vertices);
    });
  } catch (thrown) {
    if (!(thrown instanceof ElementsFault)) throw thrown;
    if (thrown.status === 'too-many') throw tooMany('features', mapLimits.features);
    throw new HedgerowError('map.unreadable', `The file ${thrown.message}. A map is a FeatureCollection of GeoJSON (RFC 7946).`, { cause: thrown });
  }
  if (rest?.['type'] !== 'FeatureCollection') throw new HedgerowError('map.unreadable', 'The file is no FeatureCollection of GeoJSON (RFC 7946): its "type" says something else.');
  requireWgs84(rest['crs']);
  return features;
}

function tooMany(what: string, limit: number): HedgerowError {
  return new HedgerowError('request.too-large', `The map has more than ${limit} ${what}; so many are read at once. Leave out what is far from the site, or simplify it.`);
}

/** CGCS2000 (EPSG:4490) is WGS 84 to within centimetres. */
function requireWgs84(crs: unknown): void {
  if (crs === undefined) return;
  const properties = isObject(crs) ? crs['properties'] : null;
  const name = isObject(properties) ? properties['name'] : undefined;
  if (typeof name === 'string' && /(?:CRS84h?|EPSG:[\d.]*:?(?:4326|4979|4490)|WGS ?84)$/i.test(name)) return;
  const said = typeof name === 'string' ? name.slice(0, 80) : 'something that has no name';
  throw new HedgerowError('map.unreadable', `The file says in "crs" that its coordinates are in ${said}. Export it in WGS 84 (EPSG:4326). Coordinates of Chinese web maps (GCJ-02, BD-09) are hundreds of metres off: convert them first.`);
}

function readFeature(element: Element, unnamed: Map<string, number>): DrawnFeature[] {
  const { index } = element;
  const bad = (faults: readonly VertexFault[], name = '', kindText = '', sourceId = `#${index}`): DrawnFeature[] => [{ index, name, kindText, sourceId, drawn: null, faults }];
  const whole = (reason: string): VertexFault[] => [{ ring: null, vertex: null, reason }];
  if (element.fault !== null) return bad(whole(element.fault));
  const { value } = element;
  if (!isObject(value) || value['type'] !== 'Feature') return bad(whole('is no GeoJSON Feature'));
  const properties = isObject(value['properties']) ? value['properties'] : {};
  const kindText = textOf(properties, propertyNames.kind);
  const kind = featureKindOf(kindText);
  const faults: VertexFault[] = [];
  if (!kind) faults.push(...whole(`${kindText === '' ? 'has no "kind"' : `is of an unknown kind "${kindText.slice(0, 40)}"`}: boundary, entrance, place, dwelling, prohibited and occluder are known (or 边界, 入口, 场所, 住宅, 禁区, 遮挡物)`));
  const given = textOf(properties, propertyNames.name);
  if (given.length > 120) faults.push(...whole(`has a name of ${given.length} characters; 120 are the most`));
  if (given === '' && kind === 'place') faults.push(...whole('has no name; a place has one'));
  const name = given.slice(0, 120) || nameOf(kind ?? 'feature', unnamed);
  const id = value['id'];
  const sourceId = typeof id === 'string' || typeof id === 'number' ? String(id) : `auto:${createHash('sha256').update(JSON.stringify([kind, name])).digest('hex').slice(0, 16)}`;
  if (sourceId.length > 200 || sourceId === '') faults.push(...whole('has an id that is empty or longer than 200 characters'));
  if (holdsControl(given) || holdsControl(sourceId) || holdsControl(kindText)) return bad(whole('has control characters in its name, kind or id'));
  const heightM = kind === 'occluder' ? heightOf(properties, faults) : null;
  const placeKind = kind === 'dwelling' ? 'dwelling' : kind === 'place' ? placeOf(properties, faults) : null;
  const geometry = kind ? readGeometry(value['geometry'], kind) : { parts: [], faults: [] };
  if (kind === 'boundary' && geometry.parts.length > 1) faults.push(...whole('has several parts; a site has one boundary: join them'));
  faults.push(...geometry.faults);
  if (!kind || faults.length > 0) return bad(faults, name, kindText, sourceId);
  return geometry.parts.map((part, at) => ({
    index,
    name: at === 0 ? name : `${name.slice(0, 112)} (${at + 1})`,
    kindText: kind,
    sourceId: at === 0 ? sourceId : `${sourceId.slice(0, 190)}#${at}`,
    drawn: { kind, geometry: part, heightM, placeKind },
    faults: [],
  }));
}

/** Without a name of its own: its kind and number in the file. */
function nameOf(kind: string, unnamed: Map<string, number>): string {
  const n = (unnamed.get(kind) ?? 0) + 1;
  unnamed.set(kind, n);
  return `${kind} ${n}`;
}

function heightOf(properties: Record<string, unknown>, faults: VertexFault[]): number | null {
  const found = first(properties, propertyNames.height);
  const height = typeof found === 'string' && /^\d{1,4}(\.\d{1,6})?( ?m| ?米)?$/i.test(found.trim()) ? parseFloat(found) : found;
  if (typeof height === 'number' && height > 0 && height <= mapLimits.heightM) return height;
  const seen = found === undefined ? 'is missing' : `is ${(JSON.stringify(found) ?? '').slice(0, 40)}`;
  faults.push({ ring: null, vertex: null, reason: `blocks the view, but its "height_m" ${seen}: metres above ground, more than 0 and at most ${mapLimits.heightM}` });
  return null;
}

function placeOf(properties: Record<string, unknown>, faults: VertexFault[]): PlaceKind | null {
  const text = textOf(properties, propertyNames.placeKind);
  const kind = placeKindOf(text);
  if (kind === 'dwelling') faults.push({ ring: null, vertex: null, reason: 'is a dwelling: give it the kind "dwelling"' });
  else if (!kind) faults.push({ ring: null, vertex: null, reason: `${text === '' ? 'has no "place_kind"' : `has an unknown "place_kind" "${text.slice(0, 40)}"`}; write one of the kinds of places, like pump-station, granary or place-of-worship` });
  return kind ?? null;
}

function first(properties: Record<string, unknown>, names: readonly string[]): unknown {
  for (const name of names) {
    const value = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

function textOf(properties: Record<string, unknown>, names: readonly string[]): string {
  const value = first(properties, names);
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
