CREATE INDEX "pictures_received" ON "pictures" USING btree ("received_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "pictures_key" ON "pictures" USING btree ("object_key" collate "C");