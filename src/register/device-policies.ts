/**
 * The bad habits of devices that we bear, each under one name, with the line that people read when it had to be used.
 * Who has which habit, and which fixture shows it: docs/device-policies.md; a test holds the two together.
 */
export const devicePolicies = {
  'reached-host': 'It names addresses on another host; the one that we reached is used.',
  'reached-port': 'It names a port where nothing answers; the one that we reached is used.',
  'last-of-several-ports': 'It names several ports in one address; the last one is used.',
  'credentials-dropped': 'It puts a user name or password into its addresses; they are dropped.',
  'password-in-path': 'It takes the log-in in the path of the stream, in clear; it is put in when the stream is opened, and stored nowhere.',
  'capabilities-instead-of-services': 'It has no list of services; its capabilities are used.',
  'service-at-another-address': 'A service is not at the address that it names for it, but at that of another one.',
  'media1-instead-of-media2': 'It names media 2, which does not answer; media 1 is used.',
  'media1-stream-address': 'Media 2 tells no stream address; that of media 1 is used.',
  'media2-stream-address': 'Media 1 tells no stream address; that of media 2 is used.',
  'clock-read-again': 'Its clock had moved: it was read again before the log-in was taken.',
  'local-time-as-utc': 'It labels its local time as UTC.',
  'clock-behind-log-in': 'It tells the time only after a log-in.',
  'no-utc-time': 'It tells no UTC time.',
  'overflowing-time': 'It tells times with more than 59 minutes or seconds; they are carried over.',
  'aged-nonce': 'It lets digest nonces age without saying so; the new one was answered.',
  'attempts-left': 'It counts wrong log-ins and says how many are left.',
  'cut-reply': 'It ends the connection before its reply is whole; what came is used.',
  'events-at-event-service': 'It names no usable address for a subscription; that of the event service is used.',
  'reference-parameters': 'It tells subscriptions apart by parameters that are sent back.',
  'absolute-termination-time': 'It does not understand how long a subscription is to last; an end in its own time is told.',
  'no-renewal': 'It renews no subscription; a new one is made when the old one has ended.',
  'inputs-by-event': 'It lists no contacts, but can send their event; that is listened to.',
  'recording-time-unset': 'It tells times of recordings that were never set; they are taken as not told.',
  'mask-without-shape': 'It lists a privacy mask without telling its shape; it covers nothing that we could count on.',
  'pull-again': 'It closes the connection while it is asked for events; they were asked for once more.',
} as const satisfies Readonly<Record<string, string>>;

export type DevicePolicy = keyof typeof devicePolicies;

/** The line for a policy; empty for a name that is none. */
export function devicePolicyText(name: string): string {
  return Object.hasOwn(devicePolicies, name) ? devicePolicies[name as DevicePolicy] : '';
}
