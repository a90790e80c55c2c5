import { z } from 'zod';
import type { ComparisonSubmission, ComparisonTask, Rating } from '../../../shared/comparisons.ts';
import type { Rubric } from '../../../shared/projects.ts';
import { ranks } from '../../../shared/ranking.ts';
import type { Draft } from '../../../shared/tasks.ts';
import { Revealed } from '../moderation/revealed.svelte.ts';
import * as at from './places.ts';
import type { Places } from './places.ts';
import type { RankAction } from './rank-keys.ts';

/** Steps that can be undone. */
const remembered = 200;

/** A draft of this page, or a submission that was reopened; whatever does not fit is left out. */
const stored = z.object({
  places: z.record(z.string(), z.number()).optional().catch(undefined),
  ranking: z.array(z.array(z.string())).optional().catch(undefined),
  ratings: z
    .record(z.string(), z.object({ overall: z.number().optional(), flags: z.array(z.string()).optional() }))
    .catch({}),
  comment: z.string().catch(''),
  rewrite: z.string().catch(''),
  allBad: z.boolean().catch(false),
});

/** What undo brings back; texts have the browser's own undo. */
interface Step {
  places: Places;
  ratings: Readonly<Record<string, Rating>>;
  allBad: boolean;
  focused: string;
}

/** One comparison while it is being ranked. */
export class Ranking {
  readonly labels: readonly string[];
  places = $state.raw<Places>({});
  ratings = $state.raw<Readonly<Record<string, Rating>>>({});
  allBad = $state(false);
  comment = $state('');
  rewrite = $state('');
  focused = $state('A');
  /** The focused card fills the room of all. */
  expanded = $state(false);
  commentOpen = $state(false);
  rewriteOpen = $state(false);
  flagsOpen = $state.raw<ReadonlySet<string>>(new Set());
  /** Of what moderation hides: answers by their letter, messages before them by their index. */
  readonly answersShown = new Revealed<string>();
  readonly messagesShown = new Revealed<number>();
  /** The message that a key shows or hides next: the last that is still hidden, or the last of all; null where none is. */
  readonly nextMessage = $derived.by(() => this.#nextMessage());
  /** The last change in words, for those who do not see it. */
  said = $state('');
  readonly missing = $derived.by(() => at.missing(this.places, this.labels));
  readonly #task: ComparisonTask;
  readonly #save: (draft: Draft) => void;
  #done = $state.raw<Step[]>([]);
  #undone = $state.raw<Step[]>([]);

  constructor(task: ComparisonTask, draft: Draft | null, save: (draft: Draft) => void) {
    this.#task = task;
    this.labels = task.completions.map(({ label }) => label);
    this.#save = save;
    const { success, data } = stored.safeParse(draft ?? {});
    if (!success) return;
    const found = data.places ?? Object.fromEntries(ranks(data.ranking ?? []));
    this.places = at.placesFrom(found, this.labels);
    this.ratings = Object.fromEntries(Object.entries(data.ratings).filter(([label]) => this.labels.includes(label)));
    this.allBad = data.allBad;
    this.comment = data.comment;
    this.rewrite = data.rewrite;
    this.commentOpen = data.comment !== '';
    this.rewriteOpen = data.rewrite !== '';
    this.focused = at.nextUnplaced(this.places, this.labels, this.labels.at(-1) ?? '') ?? this.labels[0] ?? 'A';
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  /** Carries out what a key asks for. @returns false where there is nothing to do, so that others may */
  act(action: RankAction, rubric: Rubric | null): boolean {
    switch (action.kind) {
      case 'place':
        return this.place(this.focused, action.place);
      case 'rate':
        return this.rate(this.focused, action.value, rubric);
      case 'focus':
        this.focused = action.label;
        return true;
      case 'move':
        return this.move(action.by);
      case 'do':
        if (action.command === 'expand') this.expanded = !this.expanded;
        else if (action.command === 'allBad') this.toggleAllBad();
        else if (action.command === 'undo') return this.undo();
        else if (action.command === 'redo') return this.redo();
        else if (action.command === 'unplace') return this.unplace(this.focused);
        else if (action.command === 'showAnswer') return this.showAnswer(this.focused);
        else if (action.command === 'showMessage')
          return this.nextMessage !== null && this.showMessage(this.nextMessage);
        else return false;
        return true;
    }
  }

  /** Gives a card a place and moves on to the next one that has none. */
  place(label: string, place: number): boolean {
    if (place < 1 || place > this.labels.length) return false;
    this.#change({ places: at.put(this.places, label, place) });
    const next = at.nextUnplaced(this.places, this.labels, label);
    this.said = `${label} is at place ${place}. ${next === null ? 'All are placed.' : `Next: ${next}.`}`;
    if (next !== null) this.focused = next;
    return true;
  }

  /** Puts a card where it was dropped; the focus stays. */
  drop(label: string, place: number | null): void {
    this.#change({ places: place === null ? at.take(this.places, label) : at.put(this.places, label, place) });
    this.focused = label;
    this.said = place === null ? `${label} has no place.` : `${label} is at place ${place}.`;
  }

  tap(label: string): void {
    this.#change({ places: at.tap(this.places, label) });
    this.focused = label;
    const place = this.places[label];
    this.said = place === undefined ? `${label} has no place.` : `${label} is at place ${place}.`;
  }

  unplace(label: string): boolean {
    if (this.places[label] === undefined) return false;
    this.#change({ places: at.take(this.places, label) });
    this.said = `${label} has no place.`;
    return true;
  }

  move(by: 1 | -1): boolean {
    const next = this.labels[this.labels.indexOf(this.focused) + by];
    if (next !== undefined) this.focused = next;
    return next !== undefined;
  }

  rate(label: string, overall: number, rubric: Rubric | null): boolean {
    if (!rubric?.overall || overall > rubric.overall.max) return false;
    this.#change({ ratings: { ...this.ratings, [label]: { ...this.ratings[label], overall } } });
    this.said = `${label} is rated ${overall} of ${rubric.overall.max}.`;
    return true;
  }

  toggleFlag(label: string, key: string): void {
    const raised = this.ratings[label]?.flags ?? [];
    const flags = raised.includes(key) ? raised.filter((other) => other !== key) : [...raised, key];
    this.#change({ ratings: { ...this.ratings, [label]: { ...this.ratings[label], flags } } });
  }

  toggleFlagsOpen(label: string): boolean {
    const open = new Set(this.flagsOpen);
    if (!open.delete(label)) open.add(label);
    this.flagsOpen = open;
    return open.has(label);
  }

  /** Shows an answer that moderation hides, or hides it again. @returns false where it does not hide it */
  showAnswer(label: string): boolean {
    if (!this.#task.completions.some((one) => one.label === label && one.hidden)) return false;
    this.said = `Answer ${label} is ${this.answersShown.toggle(label) ? 'shown' : 'hidden'}.`;
    return true;
  }

  showMessage(index: number): boolean {
    this.said = `The message is ${this.messagesShown.toggle(index) ? 'shown' : 'hidden'}.`;
    return true;
  }

  #nextMessage(): number | null {
    const hidden = this.#task.conversation.flatMap((message, index) => (message.hidden ? [index] : []));
    return hidden.findLast((index) => !this.messagesShown.has(index)) ?? hidden.at(-1) ?? null;
  }

  toggleAllBad(): void {
    this.#change({ allBad: !this.allBad });
    this.said = this.allBad ? 'All are marked as bad.' : 'No longer marked as all bad.';
  }

  /** A text changed. */
  write(texts: { comment?: string; rewrite?: string }): void {
    this.comment = texts.comment ?? this.comment;
    this.rewrite = texts.rewrite ?? this.rewrite;
    this.#saveNow();
  }

  undo(): boolean {
    const step = this.#done.at(-1);
    if (step === undefined) return false;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, this.#step()];
    this.#restore(step);
    return true;
  }

  redo(): boolean {
    const step = this.#undone.at(-1);
    if (step === undefined) return false;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, this.#step()];
    this.#restore(step);
    return true;
  }

  /** What is submitted; `missing` must be null. */
  submission(activeMs: number): ComparisonSubmission {
    const ratings = Object.entries(this.ratings).filter(
      ([, { overall, flags }]) => overall !== undefined || flags?.length,
    );
    return {
      ranking: at.ranking(this.places, this.labels),
      ...(ratings.length > 0 ? { ratings: Object.fromEntries(ratings) } : {}),
      ...(this.comment.trim() === '' ? {} : { comment: this.comment }),
      ...(this.rewrite.trim() === '' ? {} : { rewrite: this.rewrite }),
      ...(this.allBad ? { allBad: true } : {}),
      activeMs: Math.round(activeMs),
    };
  }

  #change(next: Partial<Step>): void {
    this.#done = [...this.#done.slice(1 - remembered), this.#step()];
    this.#undone = [];
    this.places = next.places ?? this.places;
    this.ratings = next.ratings ?? this.ratings;
    this.allBad = next.allBad ?? this.allBad;
    this.#saveNow();
  }

  #step(): Step {
    const { places, ratings, allBad, focused } = this;
    return { places, ratings, allBad, focused };
  }

  #restore(step: Step): void {
    this.places = step.places;
    this.ratings = step.ratings;
    this.allBad = step.allBad;
    this.focused = step.focused;
    this.said = `Undone. ${this.missing ?? 'All are placed.'}`;
    this.#saveNow();
  }

  #saveNow(): void {
    const { places, ratings, comment, rewrite, allBad } = this;
    this.#save({ places, ratings, comment, rewrite, allBad });
  }
}
