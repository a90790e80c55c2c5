import { z } from 'zod';
import type { Branch, Field, Json, Tree } from '../examples.ts';
import { formatOf } from './format.ts';
import { systemFault } from './messages.ts';

/*
 * Trees as Open-Assistant publishes them (oasst_data's ExportMessageTree). What an import said of a tree and its messages is
 * given out as it came. What was made here says what Open-Assistant's own loader asks for: it takes a tree only if its state is
 * `ready_for_export` and its root has a language and a good review, and a thread only if nothing in it is deleted.
 */

const fields: readonly Field[] = [
  {
    name: 'message_tree_id',
    type: 'string',
    nullable: false,
    about: "The import's own id of the tree, or the conversation's.",
  },
  { name: 'tree_state', type: 'string', nullable: true, about: '`ready_for_export`, or what the import said.' },
  {
    name: 'prompt',
    type: 'json',
    nullable: false,
    about:
      'The root: message_id, text, role (`prompter` or `assistant`), lang, rank (0 is best), synthetic (written by a model), ' +
      'model_name, and replies, which are the same again with a parent_id.',
  },
];

type Node = { readonly [member: string]: Json } & { readonly replies: Json[] };

/** What an import said beside. */
const given = z.record(z.string(), z.json()).nullable();

const givenId = ({ id, externalId }: Branch): string => externalId ?? id;

function nodeOf(branch: Branch, parent: Branch | null, { language }: Tree): Node {
  const { role, content, model, rank } = branch;
  return {
    message_id: givenId(branch),
    ...(parent === null ? {} : { parent_id: givenId(parent) }),
    ...{ text: content, role: role === 'user' ? 'prompter' : 'assistant' },
    ...(rank === null ? {} : { rank }),
    ...(model === null ? {} : { model_name: model }),
    ...(given.parse(branch.extra) ?? {
      ...(language === null ? {} : { lang: language }),
      ...{ review_result: true, deleted: false, synthetic: branch.written === 'model' },
    }),
    replies: [],
  };
}

/** The root with all that follows it. A list instead of recursion, for depth is in an import's hand. */
function rootOf(tree: Tree): Node {
  const placed = new Map<string, { branch: Branch; node: Node }>();
  for (const branch of tree.messages) {
    const above = branch.parentId === null ? null : placed.get(branch.parentId);
    if (above === undefined) throw new Error(`message ${branch.id} stands before its parent`);
    const node = nodeOf(branch, above?.branch ?? null, tree);
    placed.set(branch.id, { branch, node });
    above?.node.replies.push(node);
  }
  const [root] = placed.values();
  if (!root) throw new Error(`tree ${tree.treeId} has no messages`);
  return root.node;
}

export const trees = formatOf(
  'tree',
  fields,
  (tree) => ({
    message_tree_id: tree.treeId,
    ...(given.parse(tree.extra) ?? { tree_state: 'ready_for_export' }),
    prompt: rootOf(tree),
  }),
  ({ messages }) => systemFault(messages, 'Open-Assistant trees'),
);
