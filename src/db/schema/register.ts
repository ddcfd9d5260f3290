/** Tables that register writes: sites, places, cameras, credentials, zones, onboardings. */
import { boolean, date, doublePrecision, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import type { Rung } from '../../contract/camera.js';

export const sites = pgTable(
  'sites',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    timeZone: text('time_zone').notNull(),
    boundary: jsonb('boundary').$type<[number, number][]>().notNull(),
    requireDetector: boolean('require_detector').notNull().default(false),
    retentionDays: integer('retention_days').notNull(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [uniqueIndex('sites_name').on(t.name)],
);

export const places = pgTable(
  'places',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    position: jsonb('position').$type<[number, number] | null>(),
    consentReference: text('consent_reference'),
    consentUntil: date('consent_until'),
  },
  (t) => [index('places_site').on(t.siteId)],
);

export const cameras = pgTable(
  'cameras',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    name: text('name').notNull(),
    protocol: text('protocol').$type<'onvif' | 'rtsp'>().notNull(),
    /** as it was registered, without credentials */
    address: text('address').notNull(),
    /** rtsp URL that onboarding found, without credentials; equals the address of a plain stream */
    streamUrl: text('stream_url'),
    /** the stream address as the device told it, before the host was rewritten */
    streamUrlTold: text('stream_url_told'),
    profileToken: text('profile_token'),
    username: text('username'),
    sealedPassword: text('sealed_password'),
    endpointReference: text('endpoint_reference'),
    serialNumber: text('serial_number'),
    macAddress: text('mac_address'),
    manufacturer: text('manufacturer'),
    model: text('model'),
    firmware: text('firmware'),
    /** which way of authentication worked: digest, username-token, none */
    authMode: text('auth_mode'),
    purpose: text('purpose').notNull(),
    owner: text('owner').notNull(),
    legalBasis: text('legal_basis').notNull(),
    reviewOn: date('review_on').notNull(),
    longitude: doublePrecision('longitude'),
    latitude: doublePrecision('latitude'),
    mountHeightM: doublePrecision('mount_height_m'),
    azimuthDeg: doublePrecision('azimuth_deg'),
    tiltDeg: doublePrecision('tilt_deg'),
    horizontalFovDeg: doublePrecision('horizontal_fov_deg'),
    sampleIntervalMs: integer('sample_interval_ms').notNull(),
    enabled: boolean('enabled').notNull(),
    /** grows with every change that a run must see */
    configVersion: integer('config_version').notNull().default(1),
    /** grows when the view is to be learned anew */
    viewVersion: integer('view_version').notNull().default(1),
    onboarding: jsonb('onboarding').$type<Rung[]>().notNull(),
    onboardedAt: time('onboarded_at'),
    removedAt: time('removed_at'),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (t) => [index('cameras_site').on(t.siteId), uniqueIndex('cameras_site_name').on(t.siteId, t.name)],
);

export const zones = pgTable(
  'zones',
  {
    id: uuid('id').primaryKey(),
    cameraId: uuid('camera_id').notNull().references(() => cameras.id),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    kind: text('kind').$type<'guard' | 'privacy' | 'ignore'>().notNull(),
    name: text('name').notNull(),
    polygon: jsonb('polygon').$type<[number, number][]>().notNull(),
    placeId: uuid('place_id').references(() => places.id),
  },
  (t) => [index('zones_camera').on(t.cameraId)],
);
