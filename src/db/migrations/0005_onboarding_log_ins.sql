CREATE TABLE "device_leases" (
	"host" text PRIMARY KEY NOT NULL,
	"holder" uuid NOT NULL,
	"until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "from_credential_set" boolean DEFAULT false NOT NULL;