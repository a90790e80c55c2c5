CREATE TABLE "chat_endings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"conversation_id" uuid NOT NULL,
	"leaf_id" uuid NOT NULL,
	"comment" text,
	"surplus" boolean DEFAULT false NOT NULL,
	"active_ms" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"withdrawn_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "active_ms" integer;--> statement-breakpoint
ALTER TABLE "rankings" ADD COLUMN "active_ms" integer;--> statement-breakpoint
CREATE INDEX "chat_endings_conversation" ON "chat_endings" USING btree ("conversation_id");--> statement-breakpoint
-- A chat's last ending is what was known of it; those before it are not.
INSERT INTO "chat_endings" ("id", "conversation_id", "leaf_id", "comment", "surplus", "active_ms", "created_at", "withdrawn_at")
SELECT gen_random_uuid(), c.id, c.leaf_id, c.comment, c.surplus, a.active_ms,
  greatest(c.created_at, least(coalesce(a.ended_at, c.withdrawn_at, c.created_at), c.withdrawn_at)), c.withdrawn_at
FROM "conversations" c LEFT JOIN "assignments" a ON a.id = c.assignment_id
WHERE c.kind = 'chat' AND c.leaf_id IS NOT NULL;--> statement-breakpoint
UPDATE "conversations" SET "withdrawn_at" = NULL, "comment" = NULL, "surplus" = false WHERE "kind" = 'chat';--> statement-breakpoint
-- Past work that came with an import, without its time, has 0 there.
UPDATE "conversations" c SET "active_ms" = a.active_ms FROM "assignments" a
WHERE a.id = c.assignment_id AND c.kind <> 'chat' AND c.withdrawn_at IS NULL AND (a.active_ms > 0 OR a.claimed_at > 'epoch');--> statement-breakpoint
UPDATE "rankings" r SET "active_ms" = a.active_ms FROM "assignments" a
WHERE a.id = r.assignment_id AND r.withdrawn_at IS NULL AND (a.active_ms > 0 OR a.claimed_at > 'epoch');--> statement-breakpoint
ALTER TABLE "conversations" DROP COLUMN "leaf_id";
