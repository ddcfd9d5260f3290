/**
 * Where a device says that it stands and looks (GetGeoLocation), and how wide its lens sees (LensDescription). Somebody
 * entered it, so it is a proposal, never a measurement. ONVIF's `elevation` is above the sea and not above the ground:
 * it says nothing about the mount, so no mount height comes from here.
 */
import type { DeviceServices, MediaProfile, ToldPose } from '../../onvif-client.js';
import { attribute, child, children, find, numberAt, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { namespaces } from './soap-message.js';
import { readSourceConfigurations } from './source-configurations.js';

const { tds } = namespaces;

export async function readToldPose(conversation: Conversation, services: DeviceServices, profile: MediaProfile | null): Promise<ToldPose> {
  const body = await optional(() => conversation.call({ action: `${tds}/GetGeoLocation`, body: '<tds:GetGeoLocation/>' }));
  const horizontalFovDeg = await readHorizontalFov(conversation, services, profile);
  return { ...poseOf(children(find(body ?? undefined, 'GetGeoLocationResponse'), 'Location'), profile), ...(horizontalFovDeg === null ? {} : { horizontalFovDeg }) };
}

/** What is told of the profile's own video source goes before what is told of the device. */
function poseOf(locations: readonly XmlValue[], profile: MediaProfile | null): Omit<ToldPose, 'horizontalFovDeg'> {
  const isSource = (entry: XmlValue): boolean => /^videosource/i.test(attribute(entry, 'Entity') ?? '');
  const source = profile?.sourceToken ?? null;
  const ofDevice = locations.find((l) => !isSource(l)) ?? (locations.length === 1 ? locations[0] : undefined);
  const ofSource = locations.find((l) => source !== null && isSource(l) && attribute(l, 'Token') === source);
  const read = (entry: XmlValue | undefined): Omit<ToldPose, 'horizontalFovDeg'> => ({ ...positionOf(child(entry, 'GeoLocation')), ...directionOf(child(entry, 'GeoOrientation')) });
  return { ...read(ofDevice), ...read(ofSource) };
}

function positionOf(location: XmlValue | undefined): Pick<ToldPose, 'longitude' | 'latitude'> {
  const [longitude, latitude] = [numberOf(location, 'lon'), numberOf(location, 'lat')];
  // 0, 0 is what is there before anybody entered anything.
  if (longitude === null || latitude === null || Math.abs(longitude) > 180 || Math.abs(latitude) > 90 || (longitude === 0 && latitude === 0)) return {};
  return { longitude, latitude };
}

/**
 * Yaw turns clockwise from north, and a positive pitch raises the lens (the axes of a vehicle: x ahead, y right, z down), so
 * a camera that looks down has a negative pitch and a positive tilt here. Yaw and pitch both zero are taken as not entered.
 */
function directionOf(orientation: XmlValue | undefined): Pick<ToldPose, 'azimuthDeg' | 'tiltDeg'> {
  const [yaw, pitch] = [numberOf(orientation, 'yaw'), numberOf(orientation, 'pitch')];
  if ((yaw ?? 0) === 0 && (pitch ?? 0) === 0) return {};
  return {
    ...(yaw === null || Math.abs(yaw) > 720 ? {} : { azimuthDeg: ((yaw % 360) + 360) % 360 }),
    ...(pitch === null || Math.abs(pitch) > 90 ? {} : { tiltDeg: pitch === 0 ? 0 : -pitch }),
  };
}

async function readHorizontalFov(conversation: Conversation, services: DeviceServices, profile: MediaProfile | null): Promise<number | null> {
  const told = await readSourceConfigurations(conversation, services);
  const source = profile?.sourceToken ?? null;
  const own = told?.find((c) => source !== null && textAt(c, 'SourceToken') === source) ?? (told?.length === 1 ? told[0] : undefined);
  return own === undefined ? null : horizontalFovOf(find(own, 'LensDescription'), aspectOf(own, profile));
}

function aspectOf(configuration: XmlValue, profile: MediaProfile | null): number | null {
  const bounds = child(configuration, 'Bounds');
  const [width, height] = [numberOf(bounds, 'width') ?? profile?.widthPx ?? null, numberOf(bounds, 'height') ?? profile?.heightPx ?? null];
  return width === null || height === null || width <= 0 || height <= 0 ? null : width / height;
}

/**
 * From the lens's projection: the angle of incidence at which a ray meets the left and the right edge. The focal length
 * alone does not say it: the size of the sensor behind it is told nowhere.
 * Radii are in units in which half the picture's height is 1, when XFactor is the picture's width by its height; any
 * other XFactor leaves the unit open, and then there is no answer.
 */
export function horizontalFovOf(lens: XmlValue | undefined, aspect: number | null): number | null {
  const xFactor = numberAt(lens, 'XFactor');
  if (lens === undefined || aspect === null || xFactor === null || Math.abs(xFactor / aspect - 1) > 0.03 || Math.abs(numberOf(child(lens, 'Offset'), 'x') ?? 0) > 0.1) return null;
  const curve = children(lens, 'Projection')
    .map((p) => ({ angleDeg: numberAt(p, 'Angle'), radius: numberAt(p, 'Radius') }))
    .filter((p): p is { angleDeg: number; radius: number } => p.angleDeg !== null && p.radius !== null && p.angleDeg > 0 && p.radius > 0)
    .sort((a, b) => a.radius - b.radius);
  const last = curve.at(-1);
  // Less than three degrees to the end: it was told in radians, or not at all.
  if (last === undefined || last.angleDeg < 3 || last.angleDeg > 110) return null;
  if (last.radius <= xFactor) return last.radius < xFactor * 0.98 ? null : 2 * last.angleDeg;
  let before = { angleDeg: 0, radius: 0 };
  for (const point of curve) {
    if (point.radius >= xFactor) {
      const share = (xFactor - before.radius) / (point.radius - before.radius);
      return 2 * (before.angleDeg + share * (point.angleDeg - before.angleDeg));
    }
    before = point;
  }
  return null;
}

function numberOf(node: XmlValue | undefined, name: string): number | null {
  const text = attribute(node, name) ?? textAt(node, name);
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
