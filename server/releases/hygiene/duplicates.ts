import type { Message } from '../../../shared/conversations.ts';
import type { Example } from '../examples.ts';
import { joined, mix32 } from '../roots/mixing.ts';
import { type Key, keyOf, Seen } from './seen.ts';

/** Texts whose hashes are kept: the rows of one comparison have theirs in common, and follow each other. */
const mostKept = 200;

/** Tells which rows are the same as an earlier one. Memory: some 16 bytes for each content that is not, see `Seen`. */
export class Duplicates {
  readonly #contents = new Seen();
  /** The comparison whose rows came last, and the contents that were first seen in it. */
  #groupId = '';
  readonly #own = new Set<bigint>();
  /** Groups of roots that were seen, and with which root. */
  readonly #groups = new Seen();
  readonly #kept = new Map<string, Key>();
  #said: { messages: Content['said']; key: Key } = { messages: [], key: [0, 0] };

  /**
   * The same text again; but what several trainers said of one comparison is no duplicate. All rows of a comparison follow
   * each other.
   */
  isSame(example: Example): boolean {
    const key = this.#contentKey(contentOf(example));
    const isNew = this.#contents.addHalves(...key);
    if (!('groupId' in example)) return !isNew;
    if (this.#groupId !== example.groupId) {
      this.#groupId = example.groupId;
      this.#own.clear();
    }
    if (isNew) this.#own.add(joined(...key));
    return !isNew && !this.#own.has(joined(...key));
  }

  /** A beginning that is nearly the same as an earlier one, of another root. */
  beginsAlike({ group, root }: Example): boolean {
    const key = this.#textKey(group);
    const owned = joint(key, this.#textKey(root));
    // The root that is seen first owns the group.
    if (!this.#groups.addHalves(...key)) return !this.#groups.hasHalves(...owned);
    this.#groups.addHalves(...owned);
    return false;
  }

  #contentKey({ said, more }: Content): Key {
    // All pairs of a comparison answer the same prompt.
    if (said !== this.#said.messages) this.#said = { messages: said, key: this.#saidKey(said) };
    let { key } = this.#said;
    for (const text of more) key = joint(key, this.#textKey(text));
    return key;
  }

  #saidKey(messages: Content['said']): Key {
    let key: Key = [messages.length, 0];
    for (const { role, content } of messages) key = joint(joint(key, this.#textKey(role)), this.#textKey(content));
    return key;
  }

  #textKey(text: string): Key {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    if (this.#kept.size >= mostKept) this.#kept.clear();
    const key = keyOf(text);
    this.#kept.set(text, key);
    return key;
  }
}

/** Two hashes as one, in which their order counts. */
function joint([high, low]: Key, [nextHigh, nextLow]: Key): Key {
  return [mix32(Math.imul(high, 31) + nextHigh), mix32(Math.imul(low, 37) + nextLow)];
}

interface Content {
  said: readonly Pick<Message, 'role' | 'content'>[];
  more: readonly string[];
}

/** What makes two rows the same: their texts, and who says them; not where they are from. */
function contentOf(example: Example): Content {
  switch (example.shape) {
    case 'dialogue':
      return { said: example.turns, more: [] };
    case 'pair':
      return { said: example.prompt, more: [example.chosen.content, example.rejected.content] };
    case 'ranked': {
      const { prompt, completions, ranks } = example;
      return { said: prompt, more: [...completions.map(({ content }) => content), JSON.stringify(ranks)] };
    }
    case 'judged':
      return { said: example.prompt, more: [example.completion.content, String(example.good)] };
    case 'rated': {
      const { prompt, completion, rating, ranker } = example;
      return { said: prompt, more: [completion.content, JSON.stringify([rating, ranker])] };
    }
    case 'said': {
      const { prompt, completion, feedback, trainer } = example;
      return { said: prompt, more: [completion.content, JSON.stringify([feedback, trainer])] };
    }
    case 'prompt':
      return { said: example.prompt, more: [] };
    case 'tree':
      return { said: example.messages, more: [] };
  }
}
