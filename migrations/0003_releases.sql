CREATE TABLE "benchmark_grams" (
	"benchmark_id" uuid NOT NULL,
	"gram" bigint NOT NULL,
	CONSTRAINT "benchmark_grams_benchmark_id_gram_pk" PRIMARY KEY("benchmark_id","gram")
);
--> statement-breakpoint
CREATE TABLE "benchmarks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"prompts" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "conversation_roots" (
	"conversation_id" uuid PRIMARY KEY NOT NULL,
	"root_id" uuid NOT NULL,
	"language" text
);
--> statement-breakpoint
CREATE TABLE "release_files" (
	"release_id" uuid NOT NULL,
	"name" text NOT NULL,
	"split" text,
	"rows" bigint,
	"bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	CONSTRAINT "release_files_release_id_name_pk" PRIMARY KEY("release_id","name")
);
--> statement-breakpoint
CREATE TABLE "release_findings" (
	"release_id" uuid NOT NULL,
	"id" integer NOT NULL,
	"kind" text NOT NULL,
	"row_id" text NOT NULL,
	"before" text NOT NULL,
	"found" text NOT NULL,
	"after" text NOT NULL,
	CONSTRAINT "release_findings_release_id_id_pk" PRIMARY KEY("release_id","id")
);
--> statement-breakpoint
CREATE TABLE "release_people" (
	"release_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	CONSTRAINT "release_people_release_id_user_id_pk" PRIMARY KEY("release_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"name" text NOT NULL,
	"notes" text NOT NULL,
	"definition" jsonb NOT NULL,
	"basis" jsonb NOT NULL,
	"moment" timestamp with time zone NOT NULL,
	"merges" bigint,
	"state" text NOT NULL,
	"detail" text,
	"destination" text NOT NULL,
	"location" text,
	"created_by" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	"progress" jsonb,
	"rows" bigint DEFAULT 0 NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"remarks" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"figures" jsonb,
	"holds_deleted" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "root_bands" (
	"band" bigint PRIMARY KEY NOT NULL,
	"root_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "root_merges" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "root_merges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"from_group" uuid NOT NULL,
	"into_group" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "roots" (
	"id" uuid PRIMARY KEY NOT NULL,
	"group_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"url" text NOT NULL,
	"secret" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_at" timestamp with time zone,
	"last_status" text
);
--> statement-breakpoint
DROP INDEX "feedback_once";--> statement-breakpoint
DROP INDEX "rankings_project";--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "extra" jsonb;--> statement-breakpoint
ALTER TABLE "feedback" ADD COLUMN "replaced_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "extra" jsonb;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "benchmark_grams" ADD CONSTRAINT "benchmark_grams_benchmark_id_benchmarks_id_fk" FOREIGN KEY ("benchmark_id") REFERENCES "public"."benchmarks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "release_files" ADD CONSTRAINT "release_files_release_id_releases_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."releases"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "release_findings" ADD CONSTRAINT "release_findings_release_id_releases_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."releases"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "release_people" ADD CONSTRAINT "release_people_release_id_releases_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."releases"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "release_people" ADD CONSTRAINT "release_people_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "release_people_user" ON "release_people" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "releases_number" ON "releases" USING btree ("project_id","number");--> statement-breakpoint
CREATE INDEX "webhooks_project" ON "webhooks" USING btree ("project_id");--> statement-breakpoint
CREATE INDEX "comparisons_conversation" ON "comparisons" USING btree ("conversation_id");--> statement-breakpoint
CREATE UNIQUE INDEX "feedback_now" ON "feedback" USING btree ("message_id","user_id") WHERE "feedback"."replaced_at" is null;--> statement-breakpoint
CREATE INDEX "rankings_compared" ON "rankings" USING btree ("project_id","comparison_id");