/**
 * The port to ONVIF devices: one conversation with one device, in our words. What a device says wrong is repaired or
 * named in the adapter; here only what onboarding and the input watch need comes through.
 */

/** What let us in. `none`: the device asks nobody for a log-in. */
export type AuthMode = 'none' | 'digest' | 'username-token';

export interface OnvifTarget {
  /** `http(s)://host:port/path` of the device service, without credentials */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** what worked the last time, tried first; null when nothing is known */
  readonly authMode: AuthMode | null;
  /** refused log-ins after which the conversation asks for none any more; at most and by default 2 */
  readonly maxRefusals?: number;
}

export interface OnvifClient {
  /**
   * Begins a conversation; pins the address, sends nothing yet.
   * @throws HedgerowError `address.refused`
   */
  open(target: OnvifTarget, signal: AbortSignal): Promise<OnvifDevice>;
}

/**
 * Every method throws `camera.unreachable` (no connection, no reply in time), `camera.reply` (a reply that cannot be
 * used, with `context.fault` when it is a SOAP fault), `camera.auth` (credentials refused, or none given) or
 * `process.aborted`. After two refused log-ins the conversation asks for none any more: devices lock accounts.
 */
export interface OnvifDevice {
  /** host that we reached, as it was given */
  readonly host: string;
  /** the numeric address behind it */
  readonly address: string;
  readonly port: number;
  /** null until a request that needs a log-in was answered */
  readonly authMode: AuthMode | null;
  /** device clock minus ours, milliseconds; null until it was read */
  readonly skewMs: number | null;
  /** policies that had to be used, in the order of their first use */
  readonly deviations: readonly string[];

  /** Reads the clock without a log-in; `camera.auth` when the device wants one even for that. */
  clock(): Promise<DeviceClock>;
  information(): Promise<DeviceInformation>;
  identity(): Promise<DeviceIdentity>;
  services(): Promise<DeviceServices>;
  /** Media 2 where it works, else media 1. Profiles without a video encoder are left out. */
  profiles(services: DeviceServices): Promise<readonly MediaProfile[]>;
  /** The RTSP address of a profile as the device tells it, entities decoded, with nothing rewritten. */
  streamAddress(services: DeviceServices, profile: MediaProfile): Promise<string>;
  /** What the device says of its time servers; null when it does not say. */
  networkTime(): Promise<NetworkTime | null>;
  /**
   * What Profile G tells of the recordings between two times; `support: 'none'` when there is no search service.
   * @param sourceToken for a recorder with several channels: only recordings of this video source; null: of the whole device
   */
  recorder(services: DeviceServices, fromMs: number, untilMs: number, sourceToken?: string | null): Promise<RecorderFacts>;
  /** Rules and event topics, for the check that nothing on the device recognises anybody. */
  analytics(services: DeviceServices): Promise<AnalyticsFacts>;
  /** Privacy masks of a profile's video source; null when the device has no masks or does not say. */
  masks(services: DeviceServices, profile: MediaProfile): Promise<readonly DeviceMask[] | null>;
  /** Position and direction as somebody entered them on the device, and its lens; parts that it does not tell are missing. */
  toldPose(services: DeviceServices, profile: MediaProfile | null): Promise<ToldPose>;
  /** Accounts of the device; null when this account may not read them. */
  users(): Promise<readonly DeviceUser[] | null>;
  /**
   * Sets the password of an account that the device has, keeping its level. Answers when the device said yes, which means
   * little: read back with a new conversation.
   * @throws HedgerowError `camera.password` when it refuses
   */
  setPassword(user: DeviceUser, password: string): Promise<void>;
  /** Tokens of the digital inputs; a single one that means any of them where only their event is known; empty when the device has none or does not say. */
  digitalInputs(services: DeviceServices): Promise<readonly string[]>;
  /** A pull-point for input events. The caller ends it with `close`. */
  subscribe(services: DeviceServices): Promise<PullPoint>;
}

export interface DeviceClock {
  /** null when the device tells no UTC time */
  readonly utcMs: number | null;
  /** local time read as if it were UTC; some devices label it so */
  readonly localMs: number | null;
  readonly source: 'ntp' | 'manual' | 'unknown';
  /** device clock minus ours at the middle of the exchange, milliseconds; null with `utcMs` */
  readonly skewMs: number | null;
  readonly roundTripMs: number;
}

export interface DeviceInformation {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  /** null when empty or all zeros */
  readonly serialNumber: string | null;
}

export interface DeviceIdentity {
  /** `urn:uuid:…` in lower case; null when the device does not say */
  readonly endpointReference: string | null;
  /** twelve lower-case hexadecimal digits with colons */
  readonly macAddress: string | null;
}

/** Addresses are on the host that we reached; `told` keeps what the device said. */
export interface DeviceServices {
  readonly media1: string | null;
  readonly media2: string | null;
  readonly events: string | null;
  readonly deviceIo: string | null;
  readonly recording: string | null;
  readonly search: string | null;
  readonly analytics: string | null;
  readonly told: readonly string[];
}

export interface MediaProfile {
  readonly token: string;
  readonly name: string;
  /** which service listed it */
  readonly media: 1 | 2;
  /** upper case: H264, H265, JPEG, …; null when the device does not say */
  readonly codec: string | null;
  readonly widthPx: number | null;
  readonly heightPx: number | null;
  readonly fps: number | null;
  readonly bitrateKbps: number | null;
  /** frames from one key frame to the next */
  readonly gopFrames: number | null;
  /** the video source behind it; null when the device does not say */
  readonly sourceToken: string | null;
  /** an audio encoder is part of it; null when the device does not say */
  readonly audio: boolean | null;
  /** a video analytics configuration is part of it */
  readonly analytics: boolean | null;
}

export interface NetworkTime {
  readonly fromDhcp: boolean;
  readonly servers: readonly string[];
}

export interface RecordedSpan {
  readonly fromMs: number;
  /** null: it is being recorded now */
  readonly untilMs: number | null;
}

export interface RecorderFacts {
  /** `events`: gaps were read (FindEvents); `summary`: only the ends of the stretch are known; `none`: no Profile G that answers */
  readonly support: 'events' | 'summary' | 'none';
  /** oldest and newest recording of this camera, epoch milliseconds; null when not told, or told as 1970 */
  readonly earliestMs: number | null;
  readonly latestMs: number | null;
  readonly recordings: number | null;
  /** stretches with data between the asked times; null without `events` */
  readonly spans: readonly RecordedSpan[] | null;
  /** `MaximumRetentionTime` in milliseconds; 0: the device sets no limit; null: it does not say */
  readonly maximumRetentionMs: number | null;
  /** what was asked and not answered, for an honest "unverified" */
  readonly refused: readonly string[];
}

export interface AnalyticsFacts {
  /** active rules, and the modules that run without one; null when the device has no analytics service or does not answer */
  readonly rules: readonly { readonly name: string; readonly type: string }[] | null;
  /** topics that it can send, like `tns1:RuleEngine/Recognition/Face`; null when it does not answer */
  readonly topics: readonly string[] | null;
}

export interface DeviceMask {
  readonly enabled: boolean;
  /** normalised picture coordinates, x right, y down */
  readonly polygon: readonly (readonly [number, number])[];
}

export interface ToldPose {
  readonly longitude?: number;
  readonly latitude?: number;
  readonly mountHeightM?: number;
  /** clockwise from north */
  readonly azimuthDeg?: number;
  /** depression below the horizon */
  readonly tiltDeg?: number;
  readonly horizontalFovDeg?: number;
}

export interface DeviceUser {
  readonly username: string;
  readonly level: 'Administrator' | 'Operator' | 'User' | 'Anonymous' | 'Extended';
}

export interface InputEvent {
  readonly input: string;
  readonly active: boolean;
  /** true for the state that a device tells on subscription: not a change */
  readonly initial: boolean;
}

export interface PullPoint {
  /** Waits up to `waitMs` for messages. An empty answer is an empty list. */
  pull(waitMs: number): Promise<readonly InputEvent[]>;
  /** Asks for more time; quiet when the device has no Renew. */
  renew(): Promise<void>;
  /** Unsubscribes. Never throws: the slots of a device are few, and it is gone in a minute by itself. */
  close(): Promise<void>;
}
