import type { RawMessage, RawOf } from '../../shared/raw.ts';
import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import { notFound, Refusal } from '../problem.ts';
import { positions } from '../tasks/claim.ts';
import { BadRecord } from './formats/imported.ts';
import { type Intake, type IntakeMeans, valueOf } from './intake.ts';
import type { Line } from './lines.ts';
import { findTrainers, provideTrainers } from './queries.ts';
import * as queries from './queries/raw.ts';
import { elsewhere, messagesFault, modelsOf, rankingFault, readRaw, sorted, type Taken, taskOf } from './raw-lines.ts';

/** What came of a batch. It is told once the batch is written. */
class Outcome {
  duplicates = 0;
  readonly rejected: { line: number; reason: string }[] = [];
  readonly created: { messages: number; comparisons: number; rankings: number; tasks: number }[] = [];

  reject({ line }: { line: number }, reason: string): void {
    this.rejected.push({ line, reason });
  }

  create(made: Partial<Outcome['created'][number]> = {}): void {
    this.created.push({ messages: 0, comparisons: 0, rankings: 0, tasks: 0, ...made });
  }
}

/**
 * Raw data of another Duologue (shared/raw.ts). Ids stay, so that the same file twice creates nothing, and of a later one only
 * what is new is created; what is there is not changed. So do times, wherefore a project that a release has looked at takes
 * none. An empty project takes the settings too, save its name. Tasks are made for prompts, comparisons and chats.
 */
export class RawIntake implements Intake {
  /** What comes later in a file is of what came before. */
  readonly atOnce = 1;
  readonly #means: IntakeMeans;
  #batch: Taken[] = [];
  #size = 0;
  #begun = false;
  /** By the names that the file has for them. */
  readonly #people = new Map<string, string>();
  #rounds: ReadonlyMap<number, string> = new Map();
  readonly #models = new Map<string, string>();

  constructor(means: IntakeMeans) {
    this.#means = means;
  }

  get lines(): number {
    return this.#batch.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Throws `invalid` where the first line is no header. */
  take(line: Line): void {
    const { tally } = this.#means;
    const given = valueOf(line, tally);
    try {
      const raw = given && readRaw(given.value, given.text);
      if (!this.#begun && raw?.type !== 'duologue') throw new BadRecord('type: must be "duologue"');
      if (raw === null || given === null) return;
      if (this.#begun && raw.type === 'duologue') throw new BadRecord('type: is that of the first line');
      this.#begun = true;
      this.#batch.push({ line: line.number, raw });
      this.#size += given.text.length;
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      if (!this.#begun)
        throw new Refusal('invalid', `This is no raw data of a Duologue: of its first line, ${error.message}.`);
      tally.reject(line.number, error.message);
    }
  }

  async write(): Promise<void> {
    const { db, tally } = this.#means;
    const batch = this.#batch;
    this.#batch = [];
    this.#size = 0;
    const outcome = new Outcome();
    await this.#begin(batch, outcome);
    const rows = await retrying(() =>
      transaction(db, async (tx) => {
        // Of this try alone.
        const tried = new Outcome();
        await this.#store(tx, batch, tried);
        return tried;
      }),
    );
    for (const { rejected, duplicates, created } of [outcome, rows]) {
      for (const { line, reason } of rejected) tally.reject(line, reason);
      for (const made of created) tally.create(made);
      tally.duplicates += duplicates;
    }
  }

  /** Settings, people, models and rounds: each can be provided twice. */
  async #begin(batch: readonly Taken[], outcome: Outcome): Promise<void> {
    const { db, projectId, clock } = this.#means;
    const { headers, people, rounds } = sorted(batch);
    for (const { raw } of headers)
      if (await queries.takeSettings(db, projectId, raw.project)) outcome.create();
      else outcome.duplicates += 1;

    const names = [...new Set(people.map(({ raw }) => raw.name))];
    const before = new Map(await findTrainers(db, names));
    const missing = names.filter((name) => !before.has(name));
    if (names.length > 0)
      for (const [name, id] of await provideTrainers(db, clock(), names)) this.#people.set(name, id);
    outcome.duplicates += people.length - missing.length;
    for (const _ of missing) outcome.create();

    const models = [...new Set(batch.flatMap(({ raw }) => modelsOf(raw)))].filter((name) => !this.#models.has(name));
    if (models.length > 0) for (const [name, id] of await queries.provideModels(db, models)) this.#models.set(name, id);
    if (headers.length > 0 || rounds.length > 0) await this.#storeRounds(rounds, outcome);
  }

  async #storeRounds(rounds: readonly Taken<RawOf<'round'>>[], outcome: Outcome): Promise<void> {
    const { db, projectId } = this.#means;
    await transaction(db, async (tx) => {
      await queries.lockForRaw(tx, projectId);
      const there = await queries.selectRoundIds(tx, projectId);
      for (const { line, raw } of rounds) {
        const known = there.get(raw.number);
        if (known === raw.id) outcome.duplicates += 1;
        else if (known !== undefined)
          outcome.reject({ line }, `number: the project has a round ${raw.number} of its own`);
        else {
          const row = {
            ...{ id: raw.id, number: raw.number, name: raw.name, kinds: raw.kinds, mix: this.#mixOf(raw.mix) },
            ...{ policy_model_id: this.#model(raw.policyModel), started_at: raw.startedAt, ended_at: raw.endedAt },
          };
          const made = await queries.insertRows(tx, projectId, 'rounds', [row]);
          if (made.size === 0) outcome.reject({ line }, elsewhere(raw.id));
          else {
            if (raw.endedAt === null) await queries.letRun(tx, projectId, raw.id);
            there.set(raw.number, raw.id);
            outcome.create();
          }
        }
      }
      this.#rounds = there;
    });
  }

  async #store(tx: Database, batch: readonly Taken[], outcome: Outcome): Promise<void> {
    const { projectId } = this.#means;
    const project = await queries.lockForRaw(tx, projectId);
    if (project === null) throw notFound('project');
    if (project.released)
      throw new Refusal(
        'conflict',
        'There are releases of what this project holds, and raw data would change what they saw: import it into another project.',
      );
    const { conversations, comparisons, rankings, feedback } = sorted(batch);
    await this.#storeConversations(tx, conversations, project.overlap, outcome);
    await this.#storeComparisons(tx, comparisons, project.overlap, outcome);
    await this.#storeRankings(tx, rankings, outcome);
    await this.#storeFeedback(tx, feedback, outcome);
  }

  async #storeConversations(
    tx: Database,
    lines: readonly Taken<RawOf<'conversation'>>[],
    overlap: { demonstration: number },
    outcome: Outcome,
  ): Promise<void> {
    const { projectId } = this.#means;
    const known = await queries.projectsOf(tx, 'conversations', lines.map(idOf));
    const keys = await queries.takenKeys(
      tx,
      projectId,
      lines.flatMap(({ raw }) => raw.importKey ?? []),
    );
    const messages = await queries.placesOf(
      tx,
      lines.flatMap(({ raw }) => raw.messages.map(({ id }) => id)),
    );
    const fresh: Taken<RawOf<'conversation'>>[] = [];
    for (const taken of lines) {
      const { raw } = taken;
      const fault = known.has(raw.id)
        ? null
        : raw.importKey !== null && keys.has(raw.importKey)
          ? 'importKey: was imported before, under another id'
          : (this.#faultIn(raw) ?? messagesFault(raw, messages));
      if (this.#settled(taken, known, fault, outcome)) continue;
      if (raw.importKey !== null) keys.add(raw.importKey);
      for (const { id } of raw.messages) messages.set(id, { conversationId: raw.id, projectId });
      fresh.push(taken);
    }
    const tasks = fresh.flatMap(({ raw }) => this.#taskFor(raw, overlap));
    await insertAll(
      tx,
      projectId,
      'conversations',
      fresh.map(({ raw }) => this.#conversationRow(raw)),
    );
    await insertAll(
      tx,
      projectId,
      'messages',
      fresh.flatMap(({ raw }) => raw.messages.map((message) => this.#messageRow(raw.id, message))),
    );
    await insertAll(
      tx,
      projectId,
      'chat_endings',
      fresh.flatMap(({ raw }) => this.#endingRows(raw)),
    );
    await queries.insertRows(
      tx,
      projectId,
      'generations',
      fresh.flatMap(({ raw }) =>
        raw.messages.flatMap(({ content, generation }) => this.#generationRow(generation, content)),
      ),
    );
    await queries.insertRows(
      tx,
      projectId,
      'verdicts',
      fresh.flatMap(({ raw }) => raw.messages.flatMap(verdictRow)),
    );
    await queries.insertTasks(tx, projectId, tasks);
    await queries.insertAssignments(
      tx,
      projectId,
      fresh.flatMap(({ raw }) => {
        const about = raw.kind === 'chat' ? raw.id : raw.prompt;
        return about === null ? [] : this.#assignmentRow(raw, raw.author, about);
      }),
    );
    const wanting = new Set(tasks.map(({ about }) => about));
    for (const { raw } of fresh) outcome.create({ messages: raw.messages.length, tasks: wanting.has(raw.id) ? 1 : 0 });
  }

  async #storeComparisons(
    tx: Database,
    lines: readonly Taken<RawOf<'comparison'>>[],
    overlap: { comparison: number },
    outcome: Outcome,
  ): Promise<void> {
    const { projectId } = this.#means;
    const found = await queries.comparisonsOf(tx, lines.map(idOf));
    const known = new Map([...found].map(([id, { projectId: owner }]) => [id, owner]));
    const places = await queries.placesOf(
      tx,
      lines.flatMap(({ raw }) => [raw.prompt, ...raw.completions]),
    );
    const fresh = lines.filter((taken) => {
      const { raw } = taken;
      const stray = [raw.prompt, ...raw.completions].find((id) => {
        const place = places.get(id);
        return place?.conversationId !== raw.conversation || place.projectId !== projectId;
      });
      const fault =
        stray === undefined
          ? (this.#faultIn(raw) ?? this.#unknownAmong('sampling.authors', raw.sampling?.authors ?? []))
          : `message ${stray} is not in conversation ${raw.conversation} of this project`;
      return !this.#settled(taken, known, fault, outcome);
    });
    await queries.insertRows(
      tx,
      projectId,
      'samplings',
      fresh.flatMap(({ raw }) => this.#samplingRow(raw)),
    );
    await insertAll(
      tx,
      projectId,
      'comparisons',
      fresh.map(({ raw }) => ({
        ...{
          id: raw.id,
          conversation_id: raw.conversation,
          prompt_message_id: raw.prompt,
          completion_ids: raw.completions,
        },
        ...{ round_id: this.#round(raw.round), sampling_id: raw.sampling?.id ?? null, created_at: raw.createdAt },
      })),
    );
    await queries.insertTasks(
      tx,
      projectId,
      fresh.map(({ raw }) => ({
        ...{ id: taskOf(raw.id), kind: 'comparison', conversation_id: raw.conversation, prompt_message_id: raw.prompt },
        ...{ comparison_id: raw.id, overlap: overlap.comparison, position: this.#position() },
        ...{ authors: this.#ids(raw.sampling?.authors ?? []), round_id: this.#round(raw.round) },
      })),
    );
    for (const _ of fresh) outcome.create({ comparisons: 1, tasks: 1 });
  }

  async #storeRankings(tx: Database, lines: readonly Taken<RawOf<'ranking'>>[], outcome: Outcome): Promise<void> {
    const { projectId } = this.#means;
    const known = await queries.projectsOf(tx, 'rankings', lines.map(idOf));
    const comparisons = await queries.comparisonsOf(
      tx,
      lines.map(({ raw }) => raw.comparison),
    );
    const fresh = lines.filter((taken) => {
      const { raw } = taken;
      const compared = comparisons.get(raw.comparison);
      const fault =
        compared?.projectId === projectId
          ? (this.#faultIn(raw) ?? rankingFault(raw, compared.completions))
          : `comparison ${raw.comparison} is not in this project`;
      return !this.#settled(taken, known, fault, outcome);
    });
    const done = await queries.insertAssignments(
      tx,
      projectId,
      fresh.flatMap(({ raw }) => this.#assignmentRow(raw, raw.trainer, raw.comparison)),
    );
    await insertAll(
      tx,
      projectId,
      'rankings',
      fresh.map(({ raw }) => ({
        ...{ id: raw.id, comparison_id: raw.comparison, trainer_id: this.#person(raw.trainer), groups: raw.groups },
        // What stands must be that of a submission; what was taken back only bears its id.
        assignment_id:
          raw.assignment && (raw.withdrawnAt !== null || done.has(raw.assignment.id)) ? raw.assignment.id : null,
        ...{ shown: raw.shown, ratings: raw.ratings, round_id: this.#round(raw.round), comment: raw.comment },
        ...{ all_bad: raw.allBad, rewrite: raw.rewrite, surplus: raw.surplus },
        active_ms: raw.assignment?.activeMs ?? null,
        ...{ created_at: raw.createdAt, withdrawn_at: raw.withdrawnAt },
      })),
    );
    for (const _ of fresh) outcome.create({ rankings: 1 });
  }

  async #storeFeedback(tx: Database, lines: readonly Taken<RawOf<'feedback'>>[], outcome: Outcome): Promise<void> {
    const { projectId } = this.#means;
    const known = await queries.projectsOf(tx, 'feedback', lines.map(idOf));
    const places = await queries.placesOf(
      tx,
      lines.map(({ raw }) => raw.message),
    );
    const fresh = lines.filter((taken) => {
      const { raw } = taken;
      const fault =
        places.get(raw.message)?.projectId === projectId
          ? this.#unknownAmong('person', [raw.person])
          : `message ${raw.message} is not in this project`;
      return !this.#settled(taken, known, fault, outcome);
    });
    const made = await queries.insertRows(
      tx,
      projectId,
      'feedback',
      fresh.map(({ raw }) => ({
        ...{ id: raw.id, message_id: raw.message, user_id: this.#person(raw.person), thumb: raw.thumb, text: raw.text },
        ...{ report_reason: raw.report?.reason ?? null, report_text: raw.report?.text ?? '' },
        ...{ at: raw.at, replaced_at: raw.replacedAt },
      })),
    );
    for (const taken of fresh)
      if (made.has(taken.raw.id)) outcome.create();
      else outcome.reject(taken, 'message: this person has said something else of it, which stands');
  }

  /** Whether a line is there already, or cannot be taken; a line that comes twice in a batch is there the second time. */
  #settled(
    taken: Taken & { raw: { id: string } },
    known: Map<string, string>,
    fault: string | null,
    outcome: Outcome,
  ): boolean {
    const { id } = taken.raw;
    const owner = known.get(id);
    if (owner === this.#means.projectId) outcome.duplicates += 1;
    else if (owner !== undefined) outcome.reject(taken, elsewhere(id));
    else if (fault !== null) outcome.reject(taken, fault);
    else {
      known.set(id, this.#means.projectId);
      return false;
    }
    return true;
  }

  /** Whom or what a line names that no line before introduced. */
  #faultIn(raw: RawOf<'conversation' | 'comparison' | 'ranking'>): string | null {
    if (raw.round !== null && !this.#rounds.has(raw.round)) return `round: no line before tells of round ${raw.round}`;
    if (raw.type === 'ranking') return this.#unknownAmong('trainer', [raw.trainer]);
    if (raw.type === 'comparison') return null;
    return this.#unknownAmong('author', [raw.author, ...raw.messages.map(({ author }) => author)]);
  }

  #unknownAmong(path: string, names: readonly (string | null)[]): string | null {
    const unknown = names.find((name) => name !== null && !this.#people.has(name));
    return unknown == null ? null : `${path}: no line before tells of ${unknown}`;
  }

  readonly #person = (name: string | null): string | null => (name === null ? null : (this.#people.get(name) ?? null));
  readonly #ids = (names: readonly string[]): string[] => names.flatMap((name) => this.#people.get(name) ?? []);
  readonly #round = (number: number | null): string | null =>
    number === null ? null : (this.#rounds.get(number) ?? null);
  readonly #position = (): number => Math.floor(this.#means.random() * positions);

  /** Every model that a batch names was provided before. */
  #model(name: string): string {
    const id = this.#models.get(name);
    if (id === undefined) throw new Error(`the model ${name} was not provided`);
    return id;
  }

  #mixOf(mix: RawOf<'round'>['mix']): { modelId: string; count: number }[] {
    return mix.map(({ model, count }) => ({ modelId: this.#model(model), count }));
  }

  #conversationRow(raw: RawOf<'conversation'>) {
    return {
      ...{ id: raw.id, kind: raw.kind, source: raw.source, import_key: raw.importKey, content_hash: raw.contentHash },
      ...{ extra: raw.extra, author_id: this.#person(raw.author), prompt_id: raw.prompt },
      ...{ assignment_id: raw.assignment?.id ?? null, round_id: this.#round(raw.round), dialogue: raw.dialogue },
      ...{ comment: raw.comment, surplus: raw.surplus, active_ms: raw.assignment?.activeMs ?? null },
      ...{ created_at: raw.createdAt, withdrawn_at: raw.withdrawnAt },
    };
  }

  #messageRow(conversation: string, raw: RawOf<'conversation'>['messages'][number]) {
    return {
      ...{ id: raw.id, conversation_id: conversation, parent_id: raw.parent, role: raw.role, content: raw.content },
      ...{
        author_kind: raw.by,
        author_id: this.#person(raw.author),
        model: raw.model,
        generation_id: raw.generationId,
      },
      ...{ edit_distance: raw.editDistance, external_id: raw.externalId, extra: raw.extra, created_at: raw.createdAt },
    };
  }

  #generationRow(raw: RawOf<'conversation'>['messages'][number]['generation'], content: string) {
    if (raw === null) return [];
    const { finishReason, createdAt, endedAt, model, text, ...rest } = raw;
    // What it was asked is the path to its message.
    const row = { ...rest, model_id: this.#model(model), text: text ?? content, prompt: [] };
    return [{ ...row, finish_reason: finishReason, created_at: createdAt, ended_at: endedAt }];
  }

  #samplingRow({ id, conversation, prompt, round, sampling }: RawOf<'comparison'>) {
    if (sampling === null) return [];
    const { origin, original, pickSeed, pickedFrom, authors, mix, wanted, parameters, seed } = sampling;
    return [
      {
        ...{
          id: sampling.id,
          round_id: this.#round(round),
          origin,
          conversation_id: conversation,
          prompt_message_id: prompt,
        },
        ...{ original_id: original, pick_seed: pickSeed, picked_from: pickedFrom, authors: this.#ids(authors) },
        ...{ mix: this.#mixOf(mix), wanted, parameters, seed, state: 'done', comparison_id: id },
        ...{ created_at: sampling.createdAt, ended_at: sampling.endedAt },
      },
    ];
  }

  #endingRows({ id: conversation, endings }: RawOf<'conversation'>) {
    return (endings ?? []).map(({ leaf, activeMs, createdAt, withdrawnAt, ...rest }) => ({
      ...{ ...rest, conversation_id: conversation, leaf_id: leaf, active_ms: activeMs },
      ...{ created_at: createdAt, withdrawn_at: withdrawnAt },
    }));
  }

  /** The task that a conversation makes: to answer a prompt that was imported for that, or the chat itself, where it stands. */
  #taskFor(
    raw: RawOf<'conversation'>,
    overlap: { demonstration: number },
  ): { about: string; [column: string]: unknown }[] {
    const common = {
      about: raw.id,
      id: taskOf(raw.id),
      position: this.#position(),
      authors: [],
      round_id: this.#round(raw.round),
    };
    if (raw.kind === 'chat')
      return standing(raw) !== null
        ? [{ ...common, kind: 'chat', conversation_id: raw.prompt, prompt_message_id: null, overlap: 1 }]
        : [];
    const last = raw.messages.findLast(({ by }) => by === 'import');
    if (raw.kind !== 'prompt' || last === undefined || raw.importKey?.startsWith('prompt:') !== true) return [];
    const wanted = { conversation_id: raw.id, prompt_message_id: last.id, overlap: overlap.demonstration };
    return [{ ...common, kind: 'demonstration', ...wanted }];
  }

  /** Past work that stands, on the task about `about`. */
  #assignmentRow(raw: RawOf<'conversation' | 'ranking'>, trainer: string | null, about: string) {
    const submitted = standing(raw);
    if (submitted === null || raw.assignment === null || trainer === null) return [];
    const { surplus, activeMs } = submitted;
    const state = surplus ? 'surplus' : 'submitted';
    const work = { id: raw.assignment.id, task_id: taskOf(about), trainer_id: this.#person(trainer), state };
    return [{ ...work, active_ms: activeMs ?? 0 }];
  }
}

/** The submission that was not taken back, or null: a chat's last ending, or all of what is a submission itself. */
function standing(raw: RawOf<'conversation' | 'ranking'>): { surplus: boolean; activeMs: number | null } | null {
  if (raw.type === 'conversation' && raw.kind === 'chat')
    return raw.endings?.findLast(({ withdrawnAt }) => withdrawnAt === null) ?? null;
  return raw.withdrawnAt === null ? { surplus: raw.surplus, activeMs: raw.assignment?.activeMs ?? null } : null;
}

const idOf = ({ raw }: { raw: { id: string } }): string => raw.id;

function verdictRow({ id: messageId, verdict }: RawMessage) {
  if (verdict === null) return [];
  const { createdAt, ...rest } = verdict;
  return [{ ...rest, message_id: messageId, created_at: createdAt }];
}

/** Writes rows of which it was seen before that they can be. */
async function insertAll(
  tx: Database,
  projectId: string,
  table: queries.RawTable,
  rows: readonly { id: string }[],
): Promise<void> {
  if ((await queries.insertRows(tx, projectId, table, rows)).size < rows.length)
    throw new Refusal('conflict', 'Somebody else is importing the same at this moment: send the file again.');
}
