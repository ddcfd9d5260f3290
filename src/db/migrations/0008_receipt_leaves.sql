DROP INDEX "receipt_leaves_subject";--> statement-breakpoint
CREATE INDEX "deletion_receipts_picture" ON "deletion_receipts" USING btree ("picture_id");--> statement-breakpoint
CREATE UNIQUE INDEX "receipt_leaves_subject" ON "receipt_leaves" USING btree ("subject_id");--> statement-breakpoint
-- Receipts from before the leaves: from here on every picture and every deletion has one.
INSERT INTO "receipt_leaves" ("kind", "subject_id", "site_id", "receipt_hash", "at")
SELECT 'picture', "id", "site_id", "receipt_hash", now() FROM "pictures" ORDER BY "received_at", "id"
ON CONFLICT DO NOTHING;--> statement-breakpoint
-- SHA-256 of the receipt's canonical JSON (RFC 8785), as `deletionHash` of the store makes it.
INSERT INTO "receipt_leaves" ("kind", "subject_id", "site_id", "receipt_hash", "at")
SELECT 'deletion', "id", "site_id", encode(sha256(convert_to(
  '{"cameraId":"' || "camera_id"
  || '","deletedAt":"' || to_char("deleted_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  || '","expiredAt":"' || to_char("expired_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  || '","id":"' || "id"
  || '","objectKey":' || to_json("object_key")
  || ',"pictureId":"' || "picture_id"
  || '","reason":' || to_json("reason")
  || ',"receiptHash":' || to_json("receipt_hash")
  || ',"sha256":' || to_json("sha256")
  || ',"siteId":"' || "site_id" || '"}', 'UTF8')), 'hex'), now()
FROM "deletion_receipts" ORDER BY "deleted_at", "id"
ON CONFLICT DO NOTHING;--> statement-breakpoint
-- Append-only: the database itself refuses to change or drop a leaf.
CREATE FUNCTION receipt_leaves_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'receipt_leaves is append-only' USING ERRCODE = 'restrict_violation';
END
$$;
--> statement-breakpoint
CREATE TRIGGER receipt_leaves_no_change BEFORE UPDATE OR DELETE ON "receipt_leaves" FOR EACH ROW EXECUTE FUNCTION receipt_leaves_refuse();
--> statement-breakpoint
CREATE TRIGGER receipt_leaves_no_truncate BEFORE TRUNCATE ON "receipt_leaves" FOR EACH STATEMENT EXECUTE FUNCTION receipt_leaves_refuse();
