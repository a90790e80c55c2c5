import { z } from 'zod';
import { messageRole, nextRole, type ShownMessage } from '../../../shared/conversations.ts';
import type { DemonstrationSubmission } from '../../../shared/demonstrations.ts';
import type { Draft } from '../../../shared/tasks.ts';
import { Revealed } from '../moderation/revealed.svelte.ts';
import * as turns from './turns.ts';
import type { Limits, Taken, Turns } from './turns.ts';

/** Steps that can be undone. */
const remembered = 200;

/** A draft of this page, or a submission that was reopened. */
const stored = z.object({
  messages: z.array(z.object({ role: messageRole, content: z.string() })).min(1),
  given: z.array(z.number().nullable()).nullable().catch(null),
  comment: z.string().catch(''),
  suggestions: z
    .array(z.object({ index: z.number().nullable(), suggestionId: z.string(), inserted: z.string() }))
    .catch([]),
});

/**
 * One dialogue while it is being written.
 *
 * Undo has two layers that do not meddle with each other. While a turn's text is being edited, Ctrl+Z is the browser's
 * and goes letter by letter. Once the editor is closed, the whole edit is one step here, beside insertions and deletions,
 * and Ctrl+Z on a turn or on the page goes step by step. Opening an editor anew begins the browser's undo anew.
 */
export class Dialogue {
  turns = $state.raw<Turns>([]);
  comment = $state('');
  commentOpen = $state(false);
  /** The turn whose text is open. */
  editing = $state<number | null>(null);
  /** The turn in focus. */
  focused = $state(0);
  readonly prompt: readonly ShownMessage[];
  /** Turns, by their key, that are shown though moderation hides them. */
  readonly revealed = new Revealed<number>();
  readonly next = $derived.by(() => nextRole(this.turns));
  /** Of a hundred words that the trainer wrote, how many do not come from suggestions. */
  readonly ownWords = $derived.by(() => turns.ownShare(this.turns, this.#ever));
  readonly #save: (draft: Draft) => void;
  /** Before the open editor changed anything; becomes a step when it closes. */
  #beforeEdit = $state.raw<Turns | null>(null);
  #done = $state.raw<Turns[]>([]);
  #undone = $state.raw<Turns[]>([]);
  /** Whatever was put in from suggestions, be it undone or deleted since. */
  #ever = $state.raw<readonly Taken[]>([]);
  /** By the open editor's text: what was taken in it. The browser's undo brings texts back, and this what they came from. */
  #takenIn = new Map<string, readonly Taken[]>();

  constructor(prompt: readonly ShownMessage[], draft: Draft | null, save: (draft: Draft) => void) {
    this.prompt = prompt;
    this.#save = save;
    const parsed = stored.safeParse(draft);
    if (parsed.success) {
      const { messages, given, comment, suggestions } = parsed.data;
      this.turns = turns.turnsFrom(messages, given, prompt, suggestions);
      this.#ever = suggestions.map(({ suggestionId, inserted }) => ({ suggestionId, inserted }));
      this.comment = comment;
      this.commentOpen = comment !== '';
    } else {
      this.turns = turns.beginning(prompt);
    }
    const last = this.turns.at(-1);
    this.focused = last?.key ?? 0;
    if (last && last.content.trim() === '') this.editing = last.key;
  }

  get canUndo(): boolean {
    return this.#done.length > 0 || this.#beforeEdit !== null;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  fault(limits: Limits): { text: string; key: number | null } | null {
    return turns.faultOf(this.turns, limits);
  }

  open(key: number): void {
    this.close();
    this.editing = key;
    this.focused = key;
  }

  /** Closes the editor; what was changed in it becomes one step. */
  close(): void {
    if (this.#beforeEdit !== null && this.#beforeEdit !== this.turns) this.#remember(this.#beforeEdit);
    this.#beforeEdit = null;
    this.#takenIn.clear();
    this.editing = null;
  }

  /** `stepping`: the browser's undo or redo made the text. */
  type(key: number, content: string, stepping = false): void {
    this.#beforeEdit ??= this.turns;
    this.turns = turns.edit(this.turns, key, content, stepping ? this.#takenIn.get(content) : undefined);
    this.#saveNow();
  }

  /**
   * Notes that a text which `write` types into the open editor comes from a suggestion. `rest` is what of the turn stays
   * around it; where that is blank, the turn begins anew from this suggestion.
   */
  take(key: number, taken: Taken, rest: string, write: () => void): void {
    const before = this.#turn(key);
    if (before === undefined) return;
    this.#takenIn.set(before.content, before.taken);
    write();
    const { content } = this.#turn(key) ?? before;
    const now = rest.trim() === '' ? [taken] : [...before.taken, taken];
    this.#takenIn.set(content, now);
    this.#beforeEdit ??= this.turns;
    this.turns = turns.edit(this.turns, key, content, now);
    const { suggestionId, inserted } = taken;
    const known = this.#ever.some((one) => one.suggestionId === suggestionId && one.inserted === inserted);
    if (!known) this.#ever = [...this.#ever, taken];
    this.#saveNow();
  }

  /** Finishes a turn and goes on to the next one, making it where there is none. @returns false where it is blank */
  finish(key: number): boolean {
    const index = this.turns.findIndex((turn) => turn.key === key);
    if ((this.turns[index]?.content ?? '').trim() === '') return false;
    this.close();
    if (index === this.turns.length - 1) this.#change(turns.append(this.turns));
    const next = this.turns[index + 1];
    if (next) this.open(next.key);
    return true;
  }

  insert(index: number, where: 'before' | 'after'): void {
    this.close();
    const made = turns.insert(this.turns, index, where);
    this.#change(made.turns);
    this.open(made.key);
  }

  /** @returns how many turns went */
  remove(index: number): number {
    this.close();
    const count = turns.removedCount(this.turns, index);
    this.#change(turns.remove(this.turns, index));
    this.focused = this.turns[Math.min(index, this.turns.length - 1)]?.key ?? 0;
    return count;
  }

  addSystem(): void {
    this.close();
    this.#change(turns.addSystem(this.turns));
    const first = this.turns[0];
    if (first) this.open(first.key);
  }

  /** Puts a given turn back as the prompt had it. */
  restoreGiven(key: number): void {
    const turn = this.#turn(key);
    this.close();
    if (turn?.given != null) this.#change(turns.edit(this.turns, key, turn.given, []));
  }

  move(by: 1 | -1): void {
    const index = this.turns.findIndex(({ key }) => key === this.focused);
    this.focused = this.turns[index + by]?.key ?? this.focused;
  }

  undo(): void {
    this.close();
    const before = this.#done.at(-1);
    if (before === undefined) return;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, this.turns];
    this.#restore(before);
  }

  redo(): void {
    this.close();
    const after = this.#undone.at(-1);
    if (after === undefined) return;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, this.turns];
    this.#restore(after);
  }

  writeComment(comment: string): void {
    this.comment = comment;
    this.#saveNow();
  }

  submission(activeMs: number): DemonstrationSubmission {
    const suggestions = turns.placedOf(this.turns, this.#ever);
    return {
      messages: turns.messagesOf(this.turns),
      ...(suggestions.length === 0 ? {} : { suggestions }),
      ...(this.comment.trim() === '' ? {} : { comment: this.comment }),
      activeMs: Math.round(activeMs),
    };
  }

  #turn(key: number): turns.Turn | undefined {
    return this.turns.find((turn) => turn.key === key);
  }

  #change(next: Turns): void {
    this.#remember(this.turns);
    this.turns = next;
    this.#saveNow();
  }

  #remember(before: Turns): void {
    this.#done = [...this.#done.slice(1 - remembered), before];
    this.#undone = [];
  }

  #restore(to: Turns): void {
    this.turns = to;
    if (!to.some(({ key }) => key === this.focused)) this.focused = to.at(-1)?.key ?? 0;
    this.#saveNow();
  }

  #saveNow(): void {
    this.#save({
      messages: this.turns.map(({ role, content }) => ({ role, content })),
      given: turns.givenIndexes(this.turns, this.prompt),
      comment: this.comment,
      suggestions: turns.placedOf(this.turns, this.#ever),
    });
  }
}
