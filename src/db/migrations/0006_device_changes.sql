ALTER TABLE "cameras" ADD COLUMN "unverified_view_version" integer;--> statement-breakpoint
ALTER TABLE "rotation_cameras" ADD COLUMN "rest_until" timestamp (3) with time zone;