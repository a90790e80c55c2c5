CREATE TABLE "batches" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"pool" text NOT NULL,
	"cancelled" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feedback" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"thumb" text,
	"text" text NOT NULL,
	"report_reason" text,
	"report_text" text DEFAULT '' NOT NULL,
	"resolution" text,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "generations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"project_id" uuid NOT NULL,
	"round_id" uuid,
	"model_id" uuid NOT NULL,
	"trainer_id" uuid,
	"assignment_id" uuid,
	"parent_id" uuid,
	"group_id" uuid,
	"role" text DEFAULT 'assistant' NOT NULL,
	"prompt" jsonb NOT NULL,
	"parameters" jsonb NOT NULL,
	"seed" integer NOT NULL,
	"state" text NOT NULL,
	"detail" text,
	"text" text DEFAULT '' NOT NULL,
	"finish_reason" text,
	"usage" jsonb,
	"owner" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"first_token_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"fate" text,
	"taken" jsonb,
	"edit_distance" real
);
--> statement-breakpoint
CREATE TABLE "models" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"provider" text NOT NULL,
	"base_url" text,
	"model" text NOT NULL,
	"api_key" text,
	"parameters" jsonb NOT NULL,
	"concurrency" integer NOT NULL,
	"price" jsonb,
	"check" jsonb,
	"archived" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "processes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"alive_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rounds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"name" text NOT NULL,
	"policy_model_id" uuid NOT NULL,
	"mix" jsonb NOT NULL,
	"kinds" text[] NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "samplings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"round_id" uuid,
	"origin" text NOT NULL,
	"batch_id" uuid,
	"conversation_id" uuid NOT NULL,
	"prompt_message_id" uuid NOT NULL,
	"original_id" uuid,
	"pick_seed" integer,
	"picked_from" integer,
	"authors" uuid[] NOT NULL,
	"mix" jsonb NOT NULL,
	"wanted" smallint NOT NULL,
	"parameters" jsonb,
	"seed" integer NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"detail" text,
	"retry_at" timestamp with time zone,
	"comparison_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "verdicts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	"source" text NOT NULL,
	"categories" text[] NOT NULL,
	"action" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"disputed_by" uuid,
	"disputed_at" timestamp with time zone,
	"dispute" text DEFAULT '' NOT NULL,
	"resolution" text
);
--> statement-breakpoint
ALTER TABLE "tasks" ALTER COLUMN "conversation_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "tasks" ALTER COLUMN "prompt_message_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "comparisons" ADD COLUMN "round_id" uuid;--> statement-breakpoint
ALTER TABLE "comparisons" ADD COLUMN "sampling_id" uuid;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "leaf_id" uuid;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "round_id" uuid;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "generation_id" uuid;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "edit_distance" real;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "pick" jsonb DEFAULT '{"minDepth":1}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "own_words" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "rank_own_chats" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "moderation" jsonb DEFAULT '{"modelId":null,"actions":{}}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "round_id" uuid;--> statement-breakpoint
ALTER TABLE "rankings" ADD COLUMN "round_id" uuid;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "round_id" uuid;--> statement-breakpoint
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "generations" ADD CONSTRAINT "generations_model_id_models_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."models"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_policy_model_id_models_id_fk" FOREIGN KEY ("policy_model_id") REFERENCES "public"."models"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verdicts" ADD CONSTRAINT "verdicts_disputed_by_users_id_fk" FOREIGN KEY ("disputed_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "batches_project" ON "batches" USING btree ("project_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "feedback_once" ON "feedback" USING btree ("message_id","user_id");--> statement-breakpoint
CREATE INDEX "feedback_project" ON "feedback" USING btree ("project_id","id");--> statement-breakpoint
CREATE INDEX "feedback_reported" ON "feedback" USING btree ("project_id","id") WHERE "feedback"."report_reason" is not null;--> statement-breakpoint
CREATE INDEX "generations_assignment" ON "generations" USING btree ("assignment_id") WHERE "generations"."assignment_id" is not null;--> statement-breakpoint
CREATE INDEX "generations_group" ON "generations" USING btree ("group_id") WHERE "generations"."group_id" is not null;--> statement-breakpoint
CREATE INDEX "generations_open" ON "generations" USING btree ("owner") WHERE "generations"."state" in ('waiting', 'streaming');--> statement-breakpoint
CREATE UNIQUE INDEX "models_name" ON "models" USING btree ("name");--> statement-breakpoint
CREATE UNIQUE INDEX "rounds_number" ON "rounds" USING btree ("project_id","number");--> statement-breakpoint
CREATE INDEX "samplings_state" ON "samplings" USING btree ("project_id","state","id");--> statement-breakpoint
CREATE INDEX "samplings_prompt" ON "samplings" USING btree ("prompt_message_id");--> statement-breakpoint
CREATE INDEX "samplings_conversation" ON "samplings" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "samplings_batch" ON "samplings" USING btree ("batch_id","state") WHERE "samplings"."batch_id" is not null;--> statement-breakpoint
CREATE INDEX "verdicts_message" ON "verdicts" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "verdicts_disputed" ON "verdicts" USING btree ("project_id","id") WHERE "verdicts"."disputed_at" is not null;--> statement-breakpoint
CREATE INDEX "comparisons_round" ON "comparisons" USING btree ("round_id");--> statement-breakpoint
CREATE INDEX "conversations_round" ON "conversations" USING btree ("round_id","kind");--> statement-breakpoint
CREATE INDEX "rankings_round" ON "rankings" USING btree ("round_id");--> statement-breakpoint
CREATE INDEX "tasks_chat" ON "tasks" USING btree ("conversation_id") WHERE "tasks"."kind" = 'chat';--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_about" CHECK ("tasks"."kind" = 'chat' or "tasks"."prompt_message_id" is not null);