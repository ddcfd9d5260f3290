CREATE TABLE "commissionings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" uuid NOT NULL,
	"site_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"by" text NOT NULL,
	"verdict" text NOT NULL,
	"checks" jsonb NOT NULL,
	"device" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "credential_sets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"name" text NOT NULL,
	"username" text NOT NULL,
	"sealed_password" text NOT NULL,
	"order" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "former_devices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" uuid NOT NULL,
	"address" text NOT NULL,
	"manufacturer" text,
	"model" text,
	"serial_number" text,
	"mac_address" text,
	"endpoint_reference" text,
	"from" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "press_tests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" uuid NOT NULL,
	"site_id" uuid NOT NULL,
	"input" text,
	"status" text NOT NULL,
	"pressed_at" timestamp (3) with time zone,
	"to_alert_ms" double precision,
	"by" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "refused_logins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"device" text NOT NULL,
	"username" text NOT NULL,
	"credential_hash" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rotation_cameras" (
	"id" uuid PRIMARY KEY NOT NULL,
	"rotation_id" uuid NOT NULL,
	"camera_id" uuid NOT NULL,
	"sealed_password" text,
	"status" text NOT NULL,
	"seen" text NOT NULL,
	"todo" text NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rotations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"username" text NOT NULL,
	"by" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "site_features" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"geometry" jsonb NOT NULL,
	"height_m" double precision,
	"place_id" uuid,
	"source_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "source_token" text;--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "told_pose" jsonb;--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "commissioned_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "commissioning" jsonb;--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "removed_reason" text;--> statement-breakpoint
ALTER TABLE "commissionings" ADD CONSTRAINT "commissionings_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commissionings" ADD CONSTRAINT "commissionings_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential_sets" ADD CONSTRAINT "credential_sets_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "former_devices" ADD CONSTRAINT "former_devices_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "press_tests" ADD CONSTRAINT "press_tests_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rotation_cameras" ADD CONSTRAINT "rotation_cameras_rotation_id_rotations_id_fk" FOREIGN KEY ("rotation_id") REFERENCES "public"."rotations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rotation_cameras" ADD CONSTRAINT "rotation_cameras_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rotations" ADD CONSTRAINT "rotations_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "site_features" ADD CONSTRAINT "site_features_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "site_features" ADD CONSTRAINT "site_features_place_id_places_id_fk" FOREIGN KEY ("place_id") REFERENCES "public"."places"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commissionings_camera" ON "commissionings" USING btree ("camera_id","at");--> statement-breakpoint
CREATE INDEX "commissionings_site" ON "commissionings" USING btree ("site_id","at");--> statement-breakpoint
CREATE UNIQUE INDEX "credential_sets_name" ON "credential_sets" USING btree ("site_id","name");--> statement-breakpoint
CREATE INDEX "former_devices_camera" ON "former_devices" USING btree ("camera_id");--> statement-breakpoint
CREATE INDEX "former_devices_endpoint" ON "former_devices" USING btree ("endpoint_reference");--> statement-breakpoint
CREATE INDEX "press_tests_camera" ON "press_tests" USING btree ("camera_id","at");--> statement-breakpoint
CREATE INDEX "refused_logins_device" ON "refused_logins" USING btree ("device","at");--> statement-breakpoint
CREATE UNIQUE INDEX "rotation_cameras_camera" ON "rotation_cameras" USING btree ("rotation_id","camera_id");--> statement-breakpoint
CREATE INDEX "rotations_site" ON "rotations" USING btree ("site_id","started_at");--> statement-breakpoint
CREATE INDEX "site_features_site" ON "site_features" USING btree ("site_id");--> statement-breakpoint
CREATE UNIQUE INDEX "site_features_source" ON "site_features" USING btree ("site_id","source_id");