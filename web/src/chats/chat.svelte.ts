import { v7 as newId } from 'uuid';
import { z } from 'zod';
import {
  answerAgain,
  readChat,
  say,
  type Chat as ChatView,
  type ChatMessage,
  type ChatSubmission,
} from '../../../shared/chats.ts';
import { giveFeedback, type Feedback } from '../../../shared/feedback.ts';
import { disputeVerdict } from '../../../shared/moderation.ts';
import type { Draft } from '../../../shared/tasks.ts';
import { call, explain } from '../api.ts';
import { Revealed } from '../moderation/revealed.svelte.ts';
import { Stream } from '../streams/stream.svelte.ts';
import { retryDelay } from '../tasks/draft.ts';
import { isPassing } from '../tasks/draft-keeper.svelte.ts';
import { Loaded } from '../ui/loaded.svelte.ts';
import { endOf, pathThrough, sayFault } from './tree.ts';

const id = z.string().nullable().catch(null);

/** A draft of this page, or a submission that was reopened; whatever does not fit is left out. */
const stored = z.object({
  box: z.string().catch(''),
  path: id,
  leafId: id,
  edit: z.object({ id: z.string(), text: z.string() }).nullable().catch(null),
  sending: z
    .object({ id: z.string(), answerId: z.string(), parentId: z.string().nullable(), content: z.string() })
    .nullable()
    .catch(null),
  notes: z.record(z.string(), z.string()).catch({}),
  comment: z.string().catch(''),
});
type Sending = NonNullable<z.output<typeof stored>['sending']>;

/** Whether `ours` has every text that the draft `theirs` has, so that nothing is lost where it takes its place. */
export function isContained(theirs: Draft | null, ours: Draft | null): boolean {
  const [old, now] = [stored.safeParse(theirs ?? {}).data, stored.safeParse(ours ?? {}).data];
  if (old === undefined || now === undefined) return false;
  const kept = (text: string, here: string | undefined): boolean => text.trim() === '' || text === here;
  return (
    kept(old.box, now.box) &&
    kept(old.comment, now.comment) &&
    kept(old.edit?.text ?? '', now.edit?.text) &&
    Object.entries(old.notes).every(([key, note]) => kept(note, now.notes[key]))
  );
}

const noFeedback: Feedback = { thumb: null, text: '', report: null };

/**
 * One chat while it is going on. The tree of its messages is the server's; answers that are being written follow their
 * streams. What the person writes stays in the box, or in the message that is edited, until the server has it, and in
 * the draft all the while.
 */
export class Chat {
  readonly loaded: Loaded<ChatView>;
  box = $state('');
  comment = $state('');
  commentOpen = $state(false);
  /** The message that is being said otherwise, on a branch of its own. */
  edit = $state.raw<{ id: string; text: string } | null>(null);
  /** The message in focus. */
  focused = $state<string | null>(null);
  /** Texts that the server does not have yet, as of a report, by what they are for. */
  notes = $state.raw<Readonly<Record<string, string>>>({});
  /** What is open beside its message: the text about it, its report, or the dispute of its verdict. */
  opened = $state.raw<{ what: 'note' | 'report' | 'dispute'; id: string } | null>(null);
  /** Messages whose hidden text is shown. */
  readonly revealed = new Revealed<string>();
  /** What could not be done, in words. */
  trouble = $state('');
  /** A message or the wish for an answer is on its way. */
  busy = $state(false);
  /** How often something was said or asked for here. */
  said = $state(0);
  /** The message whose branch is shown; null for what was said last. */
  #chosen = $state<string | null>(null);
  /** What is being sent, or was without a word from the server: sent again unchanged, it keeps its id. */
  #sending: Sending | null = null;
  /** The person was quicker than the server: what is in the box is sent once the chat is there. */
  #eager = false;
  #asking: { id: string; parentId: string } | null = null;
  #streams = $state.raw<ReadonlyMap<string, Stream>>(new Map());
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #judging: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly #assignmentId: string;
  readonly #save: (draft: Draft) => void;

  readonly path = $derived.by(() => pathThrough(this.#messages, this.#chosen));
  readonly last = $derived(this.path.at(-1)?.message ?? null);
  /** The answer that is being written on the path that is shown. */
  readonly writing = $derived.by(() => {
    const stream = this.path.map(({ message }) => this.streamOf(message)).find((one) => one && !one.ended);
    return stream ?? null;
  });
  /** Why the text in the box cannot be sent now; null where it can. */
  readonly fault = $derived.by(() => {
    const { value, failure } = this.loaded;
    if (value === null) return failure === null ? 'The chat is being opened' : 'The chat could not be opened';
    return value.unavailable ?? sayFault(this.last);
  });
  /** Why the chat cannot end now; null where it can. */
  readonly endFault = $derived.by(() => {
    if (this.box.trim() !== '') return 'What you wrote is not sent';
    if (this.edit !== null && this.edit.text !== this.#find(this.edit.id)?.content)
      return 'What you edited is not sent';
    if (this.#messages.some(({ stream }) => stream?.state === 'waiting' || stream?.state === 'streaming')) {
      return this.writing ? 'An answer is still being written' : 'On another branch an answer is still being written';
    }
    const end = endOf(this.path.map(({ message }) => message));
    return 'fault' in end ? end.fault : null;
  });

  constructor(assignmentId: string, draft: Draft | null, save: (draft: Draft) => void) {
    this.#assignmentId = assignmentId;
    this.#save = save;
    this.#adopt(draft);
    this.loaded = new Loaded(async () => {
      const { chat } = await call(readChat, { params: { assignmentId } });
      if (this.#eager) setTimeout(() => void this.send());
      return this.#met(chat);
    });
  }

  /** The stream of an answer that is being written, or was since the page opened; null for anything else. */
  streamOf({ id }: ChatMessage): Stream | null {
    return this.#streams.get(id) ?? null;
  }

  write(box: string): void {
    this.box = box;
    this.#eager = false;
    this.trouble = '';
    this.#saveNow();
  }

  writeEdit(text: string): void {
    if (this.edit === null) return;
    this.edit = { ...this.edit, text };
    this.trouble = '';
    this.#saveNow();
  }

  openEdit({ id, content }: ChatMessage): void {
    if (this.edit?.id === id) return;
    this.edit = { id, text: content };
    this.#saveNow();
  }

  closeEdit(): void {
    this.edit = null;
    this.#saveNow();
  }

  writeComment(comment: string): void {
    this.comment = comment;
    this.#saveNow();
  }

  /** Null where it is no longer wanted, as because the server has it. */
  writeNote(key: string, text: string | null): void {
    const others = Object.entries(this.notes).filter(([at]) => at !== key);
    this.notes = Object.fromEntries(text === null ? others : [...others, [key, text]]);
    this.#saveNow();
  }

  /** Goes to the message before or after the one in focus. */
  move(by: 1 | -1): void {
    const at = this.path.findIndex(({ message }) => message.id === this.focused);
    const to = at === -1 ? this.path.length - 1 : at + by;
    this.focused = this.path[to]?.message.id ?? this.focused;
  }

  /** Shows the branch of a sibling. */
  walk(id: string): void {
    this.#chosen = id;
    this.focused = id;
    this.#saveNow();
  }

  /** Says what is in the box. */
  async send(): Promise<void> {
    this.#eager = this.loaded.value === null;
    const content = this.box;
    if (content.trim() === '' || this.fault !== null) return;
    await this.#say({ parentId: this.last?.id ?? null, content });
  }

  /** Says what was edited, beside what was said before. */
  async sendEdit(): Promise<void> {
    const { edit } = this;
    const message = edit === null ? undefined : this.#find(edit.id);
    if (edit === null || message === undefined || edit.text.trim() === '') return;
    if (edit.text === message.content) return this.closeEdit();
    await this.#say({ parentId: message.parentId, content: edit.text });
  }

  /** Has a message of the user answered, once more where it was. */
  async ask(parentId: string): Promise<void> {
    if (this.busy) return;
    const asking = this.#asking?.parentId === parentId ? this.#asking : { id: newId(), parentId };
    this.#asking = asking;
    await this.#attempt(async () => {
      const params = { assignmentId: this.#assignmentId };
      const { answer } = await this.#following(asking.id, () => call(answerAgain, { params, body: asking }));
      this.#asking = null;
      this.#take([answer]);
      this.#chosen = answer.id;
      this.said += 1;
      this.#saveNow();
    });
  }

  async stop(): Promise<void> {
    const { writing } = this;
    if (writing) await this.#attempt(() => writing.stop());
  }

  /** Says what one thinks of a message; what was said before is kept where `change` does not name it. @throws Offline, Refused */
  async judge(id: string, change: Partial<Feedback>): Promise<void> {
    // One after the other, for each takes the place of the one before.
    const judged = this.#judging.then(async () => {
      const body = { ...(this.#find(id)?.feedback ?? noFeedback), ...change };
      const { feedback } = await call(giveFeedback, { params: { messageId: id }, body });
      this.#change(id, { feedback });
    });
    this.#judging = judged.catch(() => undefined);
    await judged;
  }

  /** Thumb up or down; the same once more takes it back. */
  async thumb({ id, feedback }: ChatMessage, thumb: 'up' | 'down'): Promise<void> {
    try {
      await this.judge(id, { thumb: feedback?.thumb === thumb ? null : thumb });
    } catch (error) {
      this.trouble = `The thumb could not be kept. ${explain(error)}`;
    }
  }

  /** Says that the verdict on a message is wrong. @throws Offline, Refused */
  async dispute(id: string, verdictId: string, comment: string): Promise<void> {
    const { verdict } = await call(disputeVerdict, { params: { verdictId }, body: { comment } });
    this.#change(id, { verdict });
  }

  /** What is handed in; null while the chat cannot end. */
  submission(activeMs: number): ChatSubmission | null {
    const end = endOf(this.path.map(({ message }) => message));
    if (this.endFault !== null || 'fault' in end) return null;
    const comment = this.comment.trim() === '' ? {} : { comment: this.comment };
    return { leafId: end.leafId, ...comment, activeMs: Math.round(activeMs) };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const stream of this.#streams.values()) stream.close();
  }

  /** The messages, with answers that are being written as far as they have come. */
  get #messages(): readonly ChatMessage[] {
    return (this.loaded.value?.messages ?? []).map((message) => {
      const stream = this.#streams.get(message.id);
      if (message.stream === null || stream === undefined) return message;
      const content = stream.ended ? stream.text : message.content;
      return { ...message, content, stream: { ...message.stream, state: stream.state } };
    });
  }

  #find(id: string): ChatMessage | undefined {
    return this.loaded.value?.messages.find((message) => message.id === id);
  }

  async #say(said: { parentId: string | null; content: string }): Promise<void> {
    if (this.busy) return;
    clearTimeout(this.#retry);
    const { parentId, content } = said;
    const again = this.#sending?.parentId === parentId && this.#sending.content === content;
    const sending = again && this.#sending ? this.#sending : { id: newId(), answerId: newId(), parentId, content };
    this.#sending = sending;
    this.#saveNow();
    await this.#attempt(
      async () => {
        const params = { assignmentId: this.#assignmentId };
        const { message, answer } = await this.#following(sending.answerId, () => call(say, { params, body: sending }));
        this.#take([message, answer]);
        this.#arrived(sending);
      },
      () => {
        // The person may have changed it meanwhile, and then sends it themselves.
        if (this.box === content) void this.send();
        else if (this.edit?.text === content) void this.sendEdit();
      },
    );
  }

  /** The server has it: what is left in the box is what was written since. */
  #arrived({ id, content }: Sending): void {
    this.#sending = null;
    if (this.edit?.text === content) this.edit = null;
    else if (this.box.startsWith(content)) this.box = this.box.slice(content.length).trimStart();
    this.#chosen = id;
    this.said += 1;
    this.#saveNow();
  }

  /** Asks for an answer, and follows it already: its first word may come before it is said that it was asked for. */
  async #following<T extends { answer: ChatMessage }>(id: string, ask: () => Promise<T>): Promise<T> {
    const asking = ask();
    const stream =
      this.#streams.get(id) ?? new Stream({ id, state: 'waiting', detail: null, text: '' }, { coming: true });
    this.#streams = new Map(this.#streams).set(id, stream);
    try {
      const asked = await asking;
      stream.came();
      // An earlier attempt had arrived, and another tab asked otherwise.
      if (asked.answer.id !== id) this.#unfollow(stream);
      return asked;
    } catch (error) {
      this.#unfollow(stream);
      throw error;
    }
  }

  #unfollow(stream: Stream): void {
    stream.close();
    this.#streams = new Map([...this.#streams].filter(([, one]) => one !== stream));
  }

  /** Does what may fail, and says why it did; `again` is called later where the same may well succeed then. */
  async #attempt(work: () => Promise<void>, again?: () => void): Promise<void> {
    this.busy = true;
    this.trouble = '';
    try {
      await work();
      this.#failures = 0;
    } catch (error) {
      this.trouble = explain(error);
      if (!isPassing(error)) {
        this.#sending = this.#asking = null;
      } else if (again && !this.#closed) {
        this.trouble += ' What you wrote stays here, and is sent again by itself.';
        this.#failures += 1;
        this.#retry = setTimeout(again, retryDelay(this.#failures));
      }
    }
    this.busy = false;
  }

  /** Puts messages into the tree that the server answered with. */
  #take(messages: readonly ChatMessage[]): void {
    const { value } = this.loaded;
    if (value !== null) this.loaded.value = this.#met({ ...value, messages: [...messages] });
  }

  #change(id: string, change: Partial<ChatMessage>): void {
    const { value } = this.loaded;
    if (value === null) return;
    const messages = value.messages.map((message) => (message.id === id ? { ...message, ...change } : message));
    this.loaded.value = { ...value, messages };
  }

  /**
   * Takes what the server says of the tree: follows the answers that are being written, and lets go of those that it
   * tells better. A message that is known stays, for none ever goes, and what was read may be older than what was said.
   */
  #met(chat: ChatView): ChatView {
    const streams = new Map(this.#streams);
    for (const { id, content, stream } of chat.messages) {
      const known = streams.get(id);
      const ended = stream !== null && stream.state !== 'waiting' && stream.state !== 'streaming';
      if (stream && !ended && known === undefined && !this.#closed) {
        streams.set(id, new Stream({ ...stream, text: content }));
      } else if (known && ended && known.text !== content) {
        known.close();
        streams.delete(id);
      }
    }
    this.#streams = streams;
    const sent = this.#sending;
    // Its answer was lost on the way.
    if (sent && chat.messages.some(({ id }) => id === sent.id) && !this.busy) this.#arrived(sent);
    const ids = new Set(chat.messages.map(({ id }) => id));
    const known = this.loaded.value?.messages.filter(({ id }) => !ids.has(id)) ?? [];
    return { ...chat, messages: [...known, ...chat.messages] };
  }

  #adopt(draft: Draft | null): void {
    const { success, data } = stored.safeParse(draft ?? {});
    if (!success) return;
    this.box = data.box;
    this.comment = data.comment;
    this.commentOpen ||= data.comment !== '';
    this.edit = data.edit;
    this.notes = data.notes;
    this.#sending = data.sending;
    this.#chosen = data.path ?? data.leafId;
  }

  #saveNow(): void {
    this.#save({
      box: this.box,
      path: this.#chosen,
      edit: this.edit,
      sending: this.#sending,
      notes: this.notes,
      comment: this.comment,
    });
  }
}
