/**
 * Every error code of the project, once. The kind alone decides the HTTP status and whether a retry makes sense.
 * `tests/conventions/error-codes.test.ts` holds this table, the documentation and the OpenAPI document together.
 */
export const errorKinds = {
  /** The caller sent something wrong. */
  invalid: { httpStatus: 400, retry: false },
  unauthenticated: { httpStatus: 401, retry: false },
  forbidden: { httpStatus: 403, retry: false },
  notFound: { httpStatus: 404, retry: false },
  conflict: { httpStatus: 409, retry: false },
  tooLarge: { httpStatus: 413, retry: false },
  tooMany: { httpStatus: 429, retry: true },
  /** DESIGN.md section 2 says no; no role can change it. */
  boundary: { httpStatus: 422, retry: false },
  /** Something outside the process (camera, database, broker, receiver) failed or did not answer. */
  unavailable: { httpStatus: 503, retry: true },
  /** Stopped on purpose. */
  aborted: { httpStatus: 503, retry: true },
  /** A defect of ours. */
  internal: { httpStatus: 500, retry: false },
} as const;

export type ErrorKind = keyof typeof errorKinds;

export const errorCodes = {
  'request.invalid': { kind: 'invalid', title: 'The request does not have the form that the API describes' },
  'request.too-large': { kind: 'tooLarge', title: 'The request or file is larger than the limit' },
  'request.cursor': { kind: 'invalid', title: 'The cursor does not come from this list' },
  'request.rate': { kind: 'tooMany', title: 'Too many requests' },
  'route.unknown': { kind: 'notFound', title: 'There is no such address' },
  'config.invalid': { kind: 'invalid', title: 'The configuration is wrong' },
  'config.key': { kind: 'invalid', title: 'The sealing key is missing or wrong' },
  'auth.required': { kind: 'unauthenticated', title: 'Log in or send a token' },
  'auth.failed': { kind: 'unauthenticated', title: 'The name, password, token or link is wrong or has expired' },
  'auth.forbidden': { kind: 'forbidden', title: 'The role or the site scope does not allow this' },
  'auth.origin': { kind: 'forbidden', title: 'The request comes from another origin' },
  'user.exists': { kind: 'conflict', title: 'There is a user of that name' },
  'user.unknown': { kind: 'notFound', title: 'There is no such user' },
  'token.unknown': { kind: 'notFound', title: 'There is no such token' },
  'site.unknown': { kind: 'notFound', title: 'There is no such site' },
  'site.exists': { kind: 'conflict', title: 'There is a site of that name' },
  'place.unknown': { kind: 'notFound', title: 'There is no such place' },
  'camera.unknown': { kind: 'notFound', title: 'There is no such camera' },
  'camera.exists': { kind: 'conflict', title: 'The camera is registered already' },
  'camera.incomplete': { kind: 'boundary', title: 'A camera needs a purpose, an owner, a legal basis and a review date' },
  'camera.address': { kind: 'invalid', title: 'The address of the camera is wrong' },
  'camera.unreachable': { kind: 'unavailable', title: 'The camera does not answer' },
  'camera.reply': { kind: 'unavailable', title: 'The camera answered something that cannot be used' },
  'camera.auth': { kind: 'unavailable', title: 'The camera refused the credentials' },
  'camera.stream': { kind: 'unavailable', title: 'The camera sends no usable video' },
  'address.refused': { kind: 'forbidden', title: 'The address is outside the networks that may be connected to' },
  'csv.invalid': { kind: 'invalid', title: 'The table has rows that cannot be imported' },
  'discovery.interface': { kind: 'invalid', title: 'There is no such network interface' },
  'zone.unknown': { kind: 'notFound', title: 'There is no such zone' },
  'zone.invalid': { kind: 'invalid', title: 'The zone is not a usable polygon' },
  'zone.place': { kind: 'boundary', title: 'A guard zone is bound to a registered place of an allowed kind' },
  'schedule.unknown': { kind: 'notFound', title: 'There is no such schedule' },
  'schedule.always': { kind: 'boundary', title: 'No zone is armed round the clock without a reason and a review date' },
  'rule.unknown': { kind: 'notFound', title: 'There is no such rule' },
  'rule.boundary': { kind: 'boundary', title: 'The rule asks for something that Hedgerow never does' },
  'channel.unknown': { kind: 'notFound', title: 'There is no such channel' },
  'alert.unknown': { kind: 'notFound', title: 'There is no such alert' },
  'alert.state': { kind: 'conflict', title: 'The alert is not in a state that allows this' },
  'delivery.unknown': { kind: 'notFound', title: 'There is no such delivery' },
  'delivery.failed': { kind: 'unavailable', title: 'The receiver did not take the delivery' },
  'picture.unknown': { kind: 'notFound', title: 'There is no such picture' },
  'picture.unmasked': { kind: 'boundary', title: 'Only a picture that the masker made can be stored' },
  'picture.withheld': { kind: 'boundary', title: 'There is no picture that may be shown' },
  'model.refused': { kind: 'boundary', title: 'The model is not one that the manifest names' },
  'model.missing': { kind: 'unavailable', title: 'The weights of the model are not here' },
  'model.failed': { kind: 'unavailable', title: 'The detector failed' },
  'store.unavailable': { kind: 'unavailable', title: 'The object store does not answer' },
  'store.corrupt': { kind: 'internal', title: 'An object is not what was stored' },
  'store.key': { kind: 'internal', title: 'An object key has a form that is not allowed' },
  'store.full': { kind: 'unavailable', title: 'There is no room left for objects' },
  'database.unavailable': { kind: 'unavailable', title: 'The database does not answer' },
  'database.locked': { kind: 'conflict', title: 'Another process has the data folder open' },
  'queue.unavailable': { kind: 'unavailable', title: 'The queue does not answer' },
  'queue.job': { kind: 'internal', title: 'A job has a form that no handler knows' },
  'ledger.broken': { kind: 'internal', title: 'The ledger does not hold together' },
  'simulate.fault': { kind: 'invalid', title: 'The simulated village knows no such fault' },
  'process.aborted': { kind: 'aborted', title: 'Stopped' },
  'process.defect': { kind: 'internal', title: 'Something went wrong inside' },
} as const satisfies Record<string, { kind: ErrorKind; title: string }>;

export type ErrorCode = keyof typeof errorCodes;
