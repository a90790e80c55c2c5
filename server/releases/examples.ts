import type { Message, MessageRole } from '../../shared/conversations.ts';
import type { Rating } from '../../shared/comparisons.ts';
import type { Feedback } from '../../shared/feedback.ts';
import type { Origin, PiiKind } from '../../shared/releases.ts';
import type { TaskKind } from '../../shared/projects.ts';

/*
 * What is collected, on its way into a release: read from the database (sources/), held against the filter and cleaned
 * (hygiene), given a split, and written as rows by a format. A shape is what a row of it can be made from; each format takes
 * one shape.
 */

/** What every example tells of itself, for filters, splits, and figures. */
export interface Facts {
  /** The row's own id, stable over releases: of the demonstration, or of the ranking and its two completions. */
  readonly id: string;
  readonly conversationId: string;
  /** The near-duplicate group of the conversation's root, by which it is split. */
  readonly group: string;
  /** The root itself: texts that are the same have the same. */
  readonly root: string;
  /** Ids of the trainers whose work is in it. */
  readonly trainers: readonly string[];
  /** Number of the round in which it was made; null before the first. */
  readonly round: number | null;
  /** The kind of task that it comes from; null for what is imported. */
  readonly task: TaskKind | null;
  readonly origin: Origin;
  /** ISO 639-1; null where it cannot be told. */
  readonly language: string | null;
  readonly source: string | null;
  readonly createdAt: Date;
  /** Active time of the assignments that it comes from, in milliseconds. */
  readonly activeMs: number;
  /** Names of the models that wrote some of it. */
  readonly models: readonly string[];
  /** Personal data that was found in it, where the release marks it. */
  readonly pii?: readonly PiiKind[];
}

/** Words of a dialogue. `trained`: whether a model is to learn to write it (its loss counts). */
export interface Turn extends Message {
  readonly trained: boolean;
}

/** A whole dialogue, which ends with the assistant. For SFT. */
export interface Dialogue extends Facts {
  readonly shape: 'dialogue';
  readonly turns: readonly Turn[];
  /** Under which name the rows show the trainer who wrote it; null where none did. */
  readonly trainer: string | null;
}

export interface Completion {
  /** The message's id. */
  readonly id: string;
  readonly content: string;
  readonly model: string | null;
}

/** What all that is made from one comparison shares. */
interface Compared extends Facts {
  readonly prompt: readonly Message[];
  /** The comparison. All its pairs bear it, so that a trainer can keep them together. */
  readonly groupId: string;
  /** Completions of the comparison. */
  readonly k: number;
  /** The ranking, or null where several were put together. */
  readonly rankingId: string | null;
  /** Under which name the rows show the trainer who ranked; null where several were put together, or an import does not say. */
  readonly ranker: string | null;
  readonly samplingId: string | null;
  /** The completion that was picked from a chat. */
  readonly originalId: string | null;
  /** Of all pairs that two rankings order, the share that is ordered the same; null with fewer than two rankings. */
  readonly agreement: number | null;
}

/** One completion was ranked above another. */
export interface Pair extends Compared {
  readonly shape: 'pair';
  readonly chosen: Completion;
  readonly rejected: Completion;
  /** Places between the two. */
  readonly distance: number;
  /** Difference of the two overall ratings; null where they were not rated. */
  readonly margin: number | null;
}

/** All completions with their places. */
export interface Ranked extends Compared {
  readonly shape: 'ranked';
  readonly completions: readonly Completion[];
  /** By completion, from 1, which is best; ties share a rank. Null for one that was not ranked. */
  readonly ranks: readonly (number | null)[];
}

/** A completion that is good or bad by itself. */
export interface Judged extends Facts {
  readonly shape: 'judged';
  readonly prompt: readonly Message[];
  readonly completion: Completion;
  readonly good: boolean;
}

/** A completion with the answers to the rubric. */
export interface Rated extends Facts {
  readonly shape: 'rated';
  readonly prompt: readonly Message[];
  readonly completion: Completion;
  readonly groupId: string;
  readonly rankingId: string;
  readonly ranker: string | null;
  /** From 1; ties share a rank. */
  readonly rank: number | null;
  readonly rating: Rating | null;
}

/** What a policy is to answer. */
export interface Prompt extends Facts {
  readonly shape: 'prompt';
  readonly prompt: readonly Message[];
}

/** What a person said of a model-written message. */
export interface Said extends Facts {
  readonly shape: 'said';
  readonly prompt: readonly Message[];
  readonly completion: Completion;
  readonly feedback: Feedback;
  readonly trainer: string | null;
}

/** A message of a tree. */
export interface Branch {
  readonly id: string;
  /** The id that it came with, or its own. */
  readonly externalId: string | null;
  readonly parentId: string | null;
  readonly role: MessageRole;
  readonly content: string;
  readonly model: string | null;
  readonly written: 'human' | 'model' | 'import';
  /** Among its siblings, from 0, which is best; null where it was not ranked. */
  readonly rank: number | null;
  /** What else an import said of it. */
  readonly extra: Record<string, unknown> | null;
}

/** A whole conversation with all its branches, parents before children and siblings in their order. */
export interface Tree extends Facts {
  readonly shape: 'tree';
  /** The import's own id of the tree, or the conversation's. */
  readonly treeId: string;
  readonly messages: readonly Branch[];
  readonly extra: Record<string, unknown> | null;
}

export type Example = Dialogue | Pair | Ranked | Judged | Rated | Prompt | Said | Tree;
export type Shape = Example['shape'];
export type OfShape<S extends Shape> = Extract<Example, { shape: S }>;

// ---- rows ----

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** A row as it is written, its columns in the order of the format's fields. */
export type Row = { readonly [column: string]: Json };

/**
 * The type of a column, for Parquet and for what describes the data. `json` is what has no fixed type, as a tree: it stands in
 * formats that are written as JSON Lines alone. What is in a list is never null.
 */
export type FieldType =
  | 'string'
  | 'int64'
  | 'float64'
  | 'bool'
  | 'json'
  | { readonly list: FieldType }
  | { readonly struct: readonly Field[] };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Whether it may be null or absent. */
  readonly nullable: boolean;
  /** What it holds, in a sentence, for the card. */
  readonly about: string;
}
