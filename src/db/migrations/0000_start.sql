CREATE TABLE "alerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"camera_name" text NOT NULL,
	"kind" text NOT NULL,
	"rule_id" uuid,
	"rule_name" text,
	"zone_id" uuid,
	"zone_name" text,
	"place_name" text,
	"input_name" text,
	"state" text NOT NULL,
	"raised_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"counts" jsonb NOT NULL,
	"picture_id" uuid,
	"no_picture_reason" text,
	"assignee" text,
	"resolve_reason" text,
	"steps" jsonb NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "channels" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"url" text NOT NULL,
	"sealed_secret" text NOT NULL,
	"enabled" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"removed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"alert_id" uuid NOT NULL,
	"channel_id" uuid NOT NULL,
	"site_id" uuid NOT NULL,
	"idempotency_key" text NOT NULL,
	"body" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"next_attempt_at" timestamp (3) with time zone,
	"claimed_until" timestamp (3) with time zone,
	"last_error" text,
	"delivered_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"zone_id" uuid NOT NULL,
	"schedule_id" uuid NOT NULL,
	"name" text NOT NULL,
	"classes" jsonb NOT NULL,
	"reason" text NOT NULL,
	"ends_on" date NOT NULL,
	"dwell_ms" integer NOT NULL,
	"min_height_ratio" double precision NOT NULL,
	"quiet_ms" integer NOT NULL,
	"enabled" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"removed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"name" text NOT NULL,
	"weekly" jsonb NOT NULL,
	"reason" text NOT NULL,
	"review_on" date
);
--> statement-breakpoint
CREATE TABLE "login_links" (
	"secret_hash" text PRIMARY KEY NOT NULL,
	"grants" jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"secret_hash" text PRIMARY KEY NOT NULL,
	"user_id" uuid,
	"name" text NOT NULL,
	"grants" jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"secret_hash" text NOT NULL,
	"name" text NOT NULL,
	"grants" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"password_hash" text NOT NULL,
	"grants" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"camera_id" uuid PRIMARY KEY NOT NULL,
	"worker_id" uuid NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"epoch" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" uuid NOT NULL,
	"worker_id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"end_reason" text,
	"detail" text,
	"codec" text,
	"width_px" integer,
	"height_px" integer,
	"frames" integer DEFAULT 0 NOT NULL,
	"dropped" integer DEFAULT 0 NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"heartbeat_at" timestamp (3) with time zone NOT NULL,
	"capacity" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"bytes" text NOT NULL,
	"prev_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"site_id" uuid NOT NULL,
	"type" text NOT NULL,
	"data" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "queue_jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"job" jsonb NOT NULL,
	"dedupe_key" text,
	"state" text NOT NULL,
	"run_at" timestamp (3) with time zone NOT NULL,
	"claimed_until" timestamp (3) with time zone,
	"attempts" integer NOT NULL,
	"max_attempts" integer NOT NULL,
	"last_error" text,
	"every_ms" integer,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cameras" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"name" text NOT NULL,
	"protocol" text NOT NULL,
	"address" text NOT NULL,
	"stream_url" text,
	"stream_url_told" text,
	"profile_token" text,
	"username" text,
	"sealed_password" text,
	"endpoint_reference" text,
	"serial_number" text,
	"mac_address" text,
	"manufacturer" text,
	"model" text,
	"firmware" text,
	"auth_mode" text,
	"purpose" text NOT NULL,
	"owner" text NOT NULL,
	"legal_basis" text NOT NULL,
	"review_on" date NOT NULL,
	"longitude" double precision,
	"latitude" double precision,
	"mount_height_m" double precision,
	"azimuth_deg" double precision,
	"tilt_deg" double precision,
	"horizontal_fov_deg" double precision,
	"sample_interval_ms" integer NOT NULL,
	"enabled" boolean NOT NULL,
	"config_version" integer DEFAULT 1 NOT NULL,
	"view_version" integer DEFAULT 1 NOT NULL,
	"onboarding" jsonb NOT NULL,
	"onboarded_at" timestamp (3) with time zone,
	"removed_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "places" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"position" jsonb,
	"consent_reference" text,
	"consent_until" date
);
--> statement-breakpoint
CREATE TABLE "sites" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"time_zone" text NOT NULL,
	"boundary" jsonb NOT NULL,
	"require_detector" boolean DEFAULT false NOT NULL,
	"retention_days" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "zones" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" uuid NOT NULL,
	"site_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"polygon" jsonb NOT NULL,
	"place_id" uuid
);
--> statement-breakpoint
CREATE TABLE "deletion_receipts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"picture_id" uuid NOT NULL,
	"site_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"object_key" text NOT NULL,
	"sha256" text NOT NULL,
	"receipt_hash" text NOT NULL,
	"expired_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "observations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"counts" jsonb NOT NULL,
	"zones" jsonb NOT NULL,
	"mask_ratio" double precision NOT NULL,
	"change_ratio" double precision NOT NULL,
	"picture_id" uuid
);
--> statement-breakpoint
CREATE TABLE "pictures" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	"object_key" text NOT NULL,
	"bytes" integer NOT NULL,
	"sha256" text NOT NULL,
	"receipt" jsonb NOT NULL,
	"receipt_hash" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"deleting_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "camera_status" (
	"camera_id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"state" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"reason" text,
	"picture_status" text NOT NULL,
	"picture_reason" text,
	"detector" text NOT NULL,
	"last_frame_at" timestamp (3) with time zone,
	"clock_skew_ms" double precision,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "rules" ADD CONSTRAINT "rules_schedule_id_schedules_id_fk" FOREIGN KEY ("schedule_id") REFERENCES "public"."schedules"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cameras" ADD CONSTRAINT "cameras_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "places" ADD CONSTRAINT "places_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zones" ADD CONSTRAINT "zones_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zones" ADD CONSTRAINT "zones_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zones" ADD CONSTRAINT "zones_place_id_places_id_fk" FOREIGN KEY ("place_id") REFERENCES "public"."places"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alerts_site" ON "alerts" USING btree ("site_id","id");--> statement-breakpoint
CREATE INDEX "alerts_camera" ON "alerts" USING btree ("camera_id","ended_at");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_key" ON "deliveries" USING btree ("idempotency_key");--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("state","next_attempt_at");--> statement-breakpoint
CREATE INDEX "deliveries_alert" ON "deliveries" USING btree ("alert_id");--> statement-breakpoint
CREATE INDEX "rules_camera" ON "rules" USING btree ("camera_id");--> statement-breakpoint
CREATE UNIQUE INDEX "tokens_secret" ON "tokens" USING btree ("secret_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "users_name" ON "users" USING btree ("name");--> statement-breakpoint
CREATE INDEX "leases_worker" ON "leases" USING btree ("worker_id");--> statement-breakpoint
CREATE INDEX "runs_camera" ON "runs" USING btree ("camera_id","started_at");--> statement-breakpoint
CREATE INDEX "events_at" ON "events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "queue_jobs_due" ON "queue_jobs" USING btree ("state","run_at");--> statement-breakpoint
CREATE UNIQUE INDEX "queue_jobs_dedupe" ON "queue_jobs" USING btree ("dedupe_key") WHERE state = 'waiting' and dedupe_key is not null;--> statement-breakpoint
CREATE INDEX "cameras_site" ON "cameras" USING btree ("site_id");--> statement-breakpoint
CREATE UNIQUE INDEX "cameras_site_name" ON "cameras" USING btree ("site_id","name");--> statement-breakpoint
CREATE INDEX "places_site" ON "places" USING btree ("site_id");--> statement-breakpoint
CREATE UNIQUE INDEX "sites_name" ON "sites" USING btree ("name");--> statement-breakpoint
CREATE INDEX "zones_camera" ON "zones" USING btree ("camera_id");--> statement-breakpoint
CREATE INDEX "observations_camera" ON "observations" USING btree ("camera_id","at");--> statement-breakpoint
CREATE INDEX "observations_at" ON "observations" USING btree ("at");--> statement-breakpoint
CREATE INDEX "pictures_camera" ON "pictures" USING btree ("camera_id","received_at");--> statement-breakpoint
CREATE INDEX "pictures_site" ON "pictures" USING btree ("site_id","id");--> statement-breakpoint
CREATE INDEX "pictures_expires" ON "pictures" USING btree ("expires_at");