import { z } from 'zod';
import { message, type Message } from '../../../shared/conversations.ts';
import { keepSideBySide, sideBySide } from '../../../shared/samplings.ts';
import { readStream, type Stream as StreamView } from '../../../shared/streams.ts';
import { call, Refused } from '../api.ts';
import { Stream } from '../streams/stream.svelte.ts';
import { readStored, writeStored } from '../tasks/device-store.ts';
import { Prompt } from './prompt.svelte.ts';

/** What this browser keeps of the page, so that a reload finds it as it was. */
const stored = z.object({
  messages: z.array(message.extend({ content: z.string() })),
  modelIds: z.array(z.string()),
  asked: z
    .object({
      id: z.string(),
      messages: z.array(message),
      demo: z.boolean(),
      kept: z.boolean(),
      answers: z.array(z.object({ id: z.string(), model: z.string().nullable() })),
    })
    .nullable(),
});
type Asked = NonNullable<z.infer<typeof stored>['asked']>;

export interface Answer {
  readonly stream: Stream;
  /** The model, or a letter for whoever must not know it. */
  readonly name: string;
}

/** One prompt and what several models answer to it, at one person's page. */
export class SideBySide {
  readonly prompt: Prompt;
  /** Chosen by an admin. */
  modelIds = $state<string[]>([]);
  answers = $state.raw<Answer[]>([]);
  #asked = $state.raw<Asked | null>(null);
  /** What was found of an earlier visit could not be read again. */
  failure = $state.raw<unknown>(null);
  keeping = $state(false);
  readonly demo = $derived(this.#asked?.demo === true);
  readonly kept = $derived(this.#asked?.kept === true);
  readonly running = $derived(this.answers.some(({ stream }) => !stream.ended));
  /** A comparison can be made of what is there: two whole answers or more. */
  readonly keepable = $derived(!this.kept && this.answers.filter(({ stream }) => stream.state === 'done').length >= 2);
  /** The prompt is as it was when it was asked: going on from an answer loses nothing. */
  readonly unchanged = $derived.by(
    () => JSON.stringify(this.prompt.messages) === JSON.stringify(this.#asked?.messages),
  );
  readonly #projectId: string;
  readonly #key: string;

  constructor(projectId: string, userId: string) {
    this.#projectId = projectId;
    this.#key = `side-by-side.${userId}.${projectId}`;
    const found = readStored(this.#key, stored);
    this.prompt = new Prompt(found?.messages);
    this.modelIds = found?.modelIds ?? [];
    this.#asked = found?.asked ?? null;
    void this.reattach();
  }

  /** Keeps what is written in this browser; called whenever it changes. */
  save(): void {
    writeStored(this.#key, { messages: this.prompt.messages, modelIds: this.modelIds, asked: this.#asked });
  }

  /** Asks all the models. @throws Offline, Refused */
  async ask(named: boolean): Promise<void> {
    const { messages } = this.prompt;
    const body = { messages, ...(named && { modelIds: this.modelIds }) };
    const { id, demo, answers } = await call(sideBySide, { params: { projectId: this.#projectId }, body });
    this.#asked = { id, messages, demo, kept: false, answers: answers.map(({ id, model }) => ({ id, model })) };
    this.failure = null;
    this.#show(answers);
    this.save();
  }

  /** Has all of them stop; what is written stays. @throws Offline, Refused */
  async stop(): Promise<void> {
    await Promise.all(this.answers.filter(({ stream }) => !stream.ended).map(({ stream }) => stream.stop()));
  }

  /** Makes a comparison of the answers. @throws Offline, Refused */
  async keep(): Promise<void> {
    const asked = this.#asked;
    if (asked === null || this.keeping) return;
    this.keeping = true;
    try {
      await call(keepSideBySide, { params: { sideId: asked.id } });
      if (this.#asked?.id === asked.id) this.#asked = { ...asked, kept: true };
      this.save();
    } finally {
      this.keeping = false;
    }
  }

  /** Takes an answer into the prompt, so that the user can go on from it. */
  goOn({ stream }: Answer): void {
    const before: readonly Message[] = this.#asked?.messages ?? [];
    this.prompt.replace([...before, { role: 'assistant', content: stream.text }]);
    this.save();
  }

  /** Finds the answers of an earlier visit again, be they written or still being written. */
  reattach = async (): Promise<void> => {
    const asked = this.#asked;
    if (asked === null || this.answers.length > 0) return;
    this.failure = null;
    try {
      const read = asked.answers.map(({ id }) => call(readStream, { params: { streamId: id } }));
      const views = (await Promise.all(read)).map(({ stream }) => stream);
      if (this.#asked === asked) this.#show(views);
    } catch (error) {
      // The server has let go of them: there is nothing to show.
      if (error instanceof Refused && error.problem.code === 'not_found') this.#asked = null;
      else this.failure = error;
    }
  };

  close(): void {
    for (const { stream } of this.answers) stream.close();
  }

  #show(views: readonly StreamView[]): void {
    this.close();
    const models = this.#asked?.answers ?? [];
    this.answers = views.map((view, index) => ({
      stream: new Stream(view),
      name: models[index]?.model ?? `Answer ${String.fromCharCode(65 + index)}`,
    }));
  }
}
