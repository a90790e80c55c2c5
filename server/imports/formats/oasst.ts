import { z } from 'zod';
import { content, maxCompletions, maxMessages, minCompletions } from '../../../shared/conversations.ts';
import { groupsOf } from '../../../shared/ranking.ts';
import {
  BadRecord,
  type Extra,
  identity,
  type ImportedComparison,
  type ImportedConversation,
  type ImportedMessage,
  kept,
  modelName,
  parsed,
} from './imported.ts';

const record = z.looseObject({
  message_tree_id: identity.id,
  source: identity.source,
  prompt: z.unknown().optional(),
  message_id: z.unknown().optional(),
});
/** Only what is looked at before a message is known to be wanted: deleted ones may lack the rest. */
const outline = z.object({ deleted: z.boolean().nullish() });
const message = z.looseObject({
  message_id: z.string().max(200, 'must have at most 200 characters').nullish(),
  parent_id: z.unknown().optional(),
  text: content,
  role: z.enum(['prompter', 'assistant']),
  rank: z.number().nullish(),
  synthetic: z.boolean().nullish(),
  model_name: modelName,
  replies: z.array(z.unknown()).nullish(),
});

interface Reply {
  index: number;
  content: string;
  rank: number | null;
}

/**
 * A tree of Open-Assistant: `{message_tree_id, prompt: {text, role, rank?, replies: [...]}}`. Assistant messages that are
 * siblings become a comparison, their ranks (0 is best) a ranking by nobody in particular. Deleted messages are left out
 * with all that follows them.
 *
 * Whatever else is said is kept in `extra`, so that the tree can be given out again as it came, save for what was deleted: of the
 * tree all but `message_tree_id`, `source` and `prompt` (most have `tree_state`); of a message all but `message_id`, `text`,
 * `role`, `replies`, `model_name`, which the message itself has, and a `parent_id` that is the parent's `message_id`. `rank`,
 * `synthetic` and `deleted` are there as they came, as are `lang`, `review_count`, `review_result`, `emojis`, `labels`, `events`...
 */
export function readTree(value: unknown): ImportedConversation {
  const { message_tree_id, source, prompt, message_id, ...ofTree } = parsed(record, value);
  if (prompt == null && message_id != null)
    throw new BadRecord('prompt: is missing; this is a single message, and whole trees are read, one on each line');
  const messages: ImportedMessage[] = [];
  const extras: (Extra | null)[] = [];
  /** Of each prompter's message, the replies to it. */
  const replies = new Map<number, Reply[]>();
  // A list instead of recursion, for depth is in the file's hand.
  const open: { value: unknown; parent: number | null; path: string }[] = [
    { value: prompt ?? undefined, parent: null, path: 'prompt' },
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, parent, path } = next;
    if (parsed(outline, value, path).deleted === true) continue;
    const { message_id, parent_id, text, role, replies: below, model_name, ...more } = parsed(message, value, path);
    const expected = parent === null || messages[parent]?.role === 'assistant' ? 'prompter' : 'assistant';
    if (role !== expected) throw new BadRecord(`${path}.role: expected the ${expected} to speak here, not the ${role}`);
    const index = messages.length;
    if (index === maxMessages) throw new BadRecord(`prompt: must have at most ${maxMessages} messages in all`);
    const written = more.synthetic === true || model_name != null;
    messages.push({
      parent,
      role: role === 'prompter' ? 'user' : 'assistant',
      content: text,
      authorKind: written ? 'model' : 'import',
      model: model_name ?? null,
      externalId: message_id ?? null,
    });
    const above = parent === null ? undefined : messages[parent]?.externalId;
    if (parent_id !== undefined && parent_id !== above) more.parent_id = parent_id;
    extras.push(kept(more, path));
    if (role === 'assistant' && parent !== null) {
      const siblings = replies.get(parent) ?? [];
      siblings.push({ index, content: text, rank: more.rank ?? null });
      replies.set(parent, siblings);
    }
    for (const [at, reply] of [...(below ?? []).entries()].reverse())
      open.push({ value: reply, parent: index, path: `${path}.replies.${at}` });
  }
  if (messages.length === 0) throw new BadRecord('prompt: is deleted, and with it all that follows');
  return {
    kind: 'dialogue',
    id: message_tree_id ?? messages[0]?.externalId ?? null,
    source,
    messages,
    extra: kept(ofTree),
    extras,
    wantsDemonstration: false,
    comparisons: [...replies].flatMap(([prompt, siblings]) => comparisonOf(prompt, siblings) ?? []),
  };
}

/** Null where there are not two different texts to compare. Of more than can be compared, those ranked best stay. */
function comparisonOf(prompt: number, siblings: readonly Reply[]): ImportedComparison | null {
  const byRank = siblings.toSorted((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || a.index - b.index);
  const different = byRank.filter(({ content }, at) => byRank.findIndex((other) => other.content === content) === at);
  const compared = different.slice(0, maxCompletions);
  if (compared.length < minCompletions) return null;
  compared.sort((a, b) => a.index - b.index);
  const groups = groupsOf(compared.map(({ rank }, place) => [place, rank] as const));
  return {
    prompt,
    completions: compared.map(({ index }) => index),
    rankings: groups.flat().length >= 2 ? [{ trainer: null, groups }] : [],
  };
}
