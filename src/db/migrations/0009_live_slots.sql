-- What lies in these tables lasts seconds: nothing of it is carried over.
TRUNCATE "live_views", "live_pictures";--> statement-breakpoint
ALTER TABLE "live_views" DROP CONSTRAINT "live_views_pkey";--> statement-breakpoint
ALTER TABLE "live_views" ADD COLUMN "viewer" uuid NOT NULL;--> statement-breakpoint
ALTER TABLE "live_views" ADD CONSTRAINT "live_views_camera_id_viewer_pk" PRIMARY KEY("camera_id","viewer");--> statement-breakpoint
ALTER TABLE "live_pictures" ADD COLUMN "mark" uuid NOT NULL;--> statement-breakpoint
ALTER TABLE "live_pictures" ADD COLUMN "withheld" text;--> statement-breakpoint
ALTER TABLE "live_pictures" ALTER COLUMN "receipt" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "live_pictures" ALTER COLUMN "jpeg" DROP NOT NULL;--> statement-breakpoint
-- JPEGs do not get smaller; and without a log they are in no backup, no replica, and gone after a crash.
ALTER TABLE "live_pictures" ALTER COLUMN "jpeg" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "live_pictures" SET UNLOGGED;
