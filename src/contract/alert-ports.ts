/** What others ask of alert. */
import type { z } from 'zod';
import type { Alert, Channel, Delivery, NewChannel, NewRule, NewSchedule, resolveReason, Rule, Schedule } from './alert.js';
import type { Sample, ZoneHit } from './analysis.js';
import type { Page, PageQuery } from './page.js';
import type { Principal, SiteScope } from './principal.js';

/** Turns samples into alerts. Kept per camera by the worker that holds the camera's lease. */
export interface AlertEngine {
  /** True when a hit would raise an alert now, so that a picture of this very sample is made. Cheap and without I/O. */
  wouldRaise(cameraId: string, hits: readonly ZoneHit[], atMs: number): boolean;
  /** Whether an alert of this camera may come at any moment: a rule is armed, or one goes on. Cheap and without I/O. */
  reelWanted(cameraId: string, atMs: number): boolean;
  /**
   * Raises, prolongs or ends happenings. Alert row, its first step, its event and its deliveries are one transaction.
   * @param pictureId the stored picture of this sample, if one was made
   */
  observe(sample: Sample, pictureId: string | null): Promise<readonly Alert[]>;
  /** A contact on a digital input (panic button). `active` true raises. */
  input(event: { siteId: string; cameraId: string; input: string; active: boolean; atMs: number }): Promise<void>;
  /** Reads rules anew, after a change or for a camera that was just leased. */
  refresh(cameraId?: string): Promise<void>;
}

export interface AlertDesk {
  alerts(scope: SiteScope, page: PageQuery & { siteId?: string | undefined; state?: Alert['state'] | undefined; cameraId?: string | undefined }): Promise<Page<Alert>>;
  alert(id: string): Promise<Alert>;
  /** `version` given: acts only on the alert as it was seen, else `alert.state`. */
  acknowledge(id: string, by: Principal, input: { note?: string | undefined; version?: number | undefined }): Promise<Alert>;
  assign(id: string, by: Principal, input: { assignee: string; note?: string | undefined; version?: number | undefined }): Promise<Alert>;
  resolve(id: string, by: Principal, input: { reason: z.infer<typeof resolveReason>; note?: string | undefined; version?: number | undefined }): Promise<Alert>;
}

export interface AlertRules {
  schedules(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<Schedule>>;
  schedule(id: string): Promise<Schedule>;
  createSchedule(input: NewSchedule, by: Principal): Promise<Schedule>;
  rules(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<Rule>>;
  rule(id: string): Promise<Rule>;
  createRule(input: NewRule, by: Principal): Promise<Rule>;
  removeRule(id: string, by: Principal): Promise<void>;
}

export interface AlertChannels {
  channels(scope: SiteScope, page: PageQuery): Promise<Page<Channel>>;
  channel(id: string): Promise<Channel>;
  createChannel(input: NewChannel, by: Principal): Promise<Channel>;
  removeChannel(id: string, by: Principal): Promise<void>;
  deliveries(scope: SiteScope, page: PageQuery & { state?: Delivery['state'] | undefined; alertId?: string | undefined }): Promise<Page<Delivery>>;
  /** Puts a dead delivery back into the outbox. */
  replay(deliveryId: string, by: Principal): Promise<Delivery>;
}

export interface DeliveryPump {
  /** Sends what is due, in order of time. @returns how many tries were made */
  drain(signal: AbortSignal): Promise<number>;
}

/** One way to send. The address is checked before every connection. */
export interface ChannelTransport {
  send(message: DeliveryMessage, signal: AbortSignal): Promise<SendOutcome>;
}

export interface DeliveryMessage {
  readonly url: string;
  readonly secret: string;
  readonly idempotencyKey: string;
  /** JSON, UTF-8; exactly these bytes are signed */
  readonly body: string;
}

export type SendOutcome =
  | { readonly status: 'delivered'; readonly httpStatus: number }
  /** worth another try */
  | { readonly status: 'retry'; readonly detail: string; readonly afterMs?: number }
  /** no try will change it: refused address, 4xx */
  | { readonly status: 'dead'; readonly detail: string };
