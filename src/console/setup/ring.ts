/** A boundary as it is pasted: GeoJSON (Polygon, Feature, or its bare ring), or lines of "longitude, latitude". */
export type Ring = [longitude: number, latitude: number][];

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length >= 2 && typeof value[0] === 'number' && typeof value[1] === 'number' && Math.abs(value[0]) <= 180 && Math.abs(value[1]) <= 90;

/** @returns an empty ring for empty text, null for what is no ring */
export function parseRing(text: string): Ring | null {
  if (text.trim() === '') return [];
  return checked(text.trim().startsWith('{') || text.trim().startsWith('[') ? fromJson(text) : text.trim().split(/\n+/).map((line) => line.split(/[,;\s]+/).filter((n) => n !== '').map(Number)));
}

function fromJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  for (let depth = 0; depth < 4; depth++) {
    if (Array.isArray(value)) return Array.isArray(value[0]) && Array.isArray(value[0][0]) ? value[0] : value;
    if (typeof value !== 'object' || value === null) return null;
    const fields = value as Record<string, unknown>;
    value = fields['geometry'] ?? fields['coordinates'] ?? (Array.isArray(fields['features']) ? fields['features'][0] : null);
  }
  return null;
}

function checked(value: unknown): Ring | null {
  if (!Array.isArray(value) || value.length < 3 || !value.every(isPair)) return null;
  return value.map(([lng, lat]): [number, number] => [lng, lat]);
}
