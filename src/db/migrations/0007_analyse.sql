CREATE TABLE "receipt_leaves" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"site_id" uuid NOT NULL,
	"receipt_hash" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "live_pictures" (
	"camera_id" uuid PRIMARY KEY NOT NULL,
	"receipt" jsonb NOT NULL,
	"jpeg" "bytea" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "live_views" (
	"camera_id" uuid PRIMARY KEY NOT NULL,
	"wanted_until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reels" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"alert_id" uuid NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"object_key" text NOT NULL,
	"bytes" integer NOT NULL,
	"sha256" text NOT NULL,
	"receipt" jsonb NOT NULL,
	"receipt_hash" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"deleting_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "receipt_leaves_subject" ON "receipt_leaves" USING btree ("subject_id");--> statement-breakpoint
CREATE UNIQUE INDEX "reels_alert" ON "reels" USING btree ("alert_id");--> statement-breakpoint
CREATE INDEX "reels_expires" ON "reels" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "reels_key" ON "reels" USING btree ("object_key" collate "C");