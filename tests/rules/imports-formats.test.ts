import { describe, expect, it } from 'vitest';
import { formats } from '../../server/imports/formats/formats.ts';
import { refuseUnstorable } from '../../server/imports/formats/imported.ts';
import type { ImportFormat } from '../../shared/imports.ts';

type LineFormat = Exclude<ImportFormat, 'raw'>;

function reason(format: LineFormat, value: unknown): string | null {
  try {
    refuseUnstorable(formats[format].read(value));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

describe('prompts', () => {
  it('takes a text or messages, and passes over what it does not know', () => {
    expect(formats.prompts.read({ prompt: 'Why?', id: 7, source: 'a book', lang: 'en' })).toEqual({
      kind: 'prompt',
      id: '7',
      source: 'a book',
      messages: [{ parent: null, role: 'user', content: 'Why?', authorKind: 'import', model: null, externalId: null }],
      wantsDemonstration: true,
      comparisons: [],
    });
    const messages = [{ role: 'system', content: 'Be brief.' }, user('Why?'), assistant('So.'), user('Why so?')];
    expect(formats.prompts.read({ messages }).messages.map(({ parent }) => parent)).toEqual([null, 0, 1, 2]);
    expect(formats.prompts.read({ prompt: messages }).messages).toHaveLength(4);
  });

  it.each<[unknown, string | RegExp]>([
    [null, 'Invalid input: expected object, received null'],
    [{}, 'prompt: is missing'],
    [{ prompt: '  ' }, 'prompt: must not be empty'],
    [{ prompt: 'Why?', messages: [user('Why?')] }, /^prompt: stands beside messages/],
    [{ prompt: 7 }, /^prompt: .*expected array/],
    [{ messages: [] }, 'messages: must not be empty'],
    [{ messages: [user('Why?'), assistant('So.')] }, 'messages: must end with the user'],
    [{ messages: [user('Why?'), user('Why?')] }, 'messages.1.role: expected the assistant to speak here, not the user'],
    [{ messages: [{ role: 'human', content: 'Why?' }] }, /^messages\.0\.role: /],
    [{ messages: [{ role: 'user' }] }, 'messages.0.content: is missing'],
    [{ prompt: 'x'.repeat(200_001) }, 'prompt: must have at most 200000 characters'],
    [{ prompt: 'Why?', id: true }, /^id: must be a text/],
    [{ prompt: 'Why?', id: 'x'.repeat(501) }, 'id: must have at most 500 characters'],
    [{ prompt: 'a\0b' }, /NUL/],
    [{ prompt: 'a\ud800b' }, /surrogate/],
    [{ prompt: 'Why?', source: '\0' }, /NUL/],
  ])('rejects what is wrong, case %#', (value, expected) => {
    if (expected instanceof RegExp) expect(reason('prompts', value)).toMatch(expected);
    else expect(reason('prompts', value)).toBe(expected);
  });
});

describe('conversations', () => {
  it('takes a dialogue that ends with either side', () => {
    expect(reason('conversations', { messages: [user('Why?')] })).toBeNull();
    expect(reason('conversations', { messages: [user('Why?'), assistant('So.')] })).toBeNull();
    expect(reason('conversations', { messages: [{ role: 'system', content: 'Be brief.' }] })).toMatch(/^messages: /);
    expect(reason('conversations', { messages: [assistant('Hello.')] })).toMatch(/^messages\.0\.role: /);
  });
});

describe('comparisons', () => {
  const line = { prompt: 'Why?', completions: ['So.', { content: 'Because.', model: 'm1' }, 'No.'] };

  it('takes completions as texts or with their model, and past rankings', () => {
    const { messages, comparisons } = formats.comparisons.read({
      ...line,
      rankings: [{ trainer: ' Ann ', ranking: [[2], [0, 1]] }, { ranking: [[0], [1], [2]] }],
    });
    expect(messages.map(({ parent, authorKind, model }) => ({ parent, authorKind, model }))).toEqual([
      { parent: null, authorKind: 'import', model: null },
      { parent: 0, authorKind: 'import', model: null },
      { parent: 0, authorKind: 'model', model: 'm1' },
      { parent: 0, authorKind: 'import', model: null },
    ]);
    expect(comparisons).toEqual([
      {
        prompt: 0,
        completions: [1, 2, 3],
        rankings: [
          { trainer: 'Ann', groups: [[2], [0, 1]] },
          { trainer: null, groups: [[0], [1], [2]] },
        ],
      },
    ]);
  });

  it.each([
    [{ completions: undefined }, 'completions: is missing'],
    [{ completions: ['So.'] }, 'completions: must be from 2 to 9'],
    [{ completions: Array.from('0123456789') }, 'completions: must be from 2 to 9'],
    [{ completions: ['So.', ''] }, 'completions.1.content: must not be empty'],
    [{ completions: ['So.', 'No.', 'So.'] }, 'completions.2: is the same text as completions.0'],
    [{ rankings: [{ ranking: [[0], [1], [3]] }] }, 'rankings.0.ranking.2.0: there is no completion 3 here'],
    [{ rankings: [{ ranking: [[0], [1]] }] }, 'rankings.0.ranking: 2 is not ranked'],
    [{ rankings: [{ ranking: [[0, 0], [1], [2]] }] }, 'rankings.0.ranking.0.1: 0 is ranked twice'],
    [
      { rankings: ['a@example.org', 'A@example.org'].map((trainer) => ({ trainer, ranking: [[0], [1], [2]] })) },
      'rankings.1.trainer: A@example.org has ranked this twice',
    ],
  ])('rejects what is wrong, case %#', (change, expected) => {
    expect(reason('comparisons', { ...line, ...change })).toBe(expected);
  });
});

describe('trees of Open-Assistant', () => {
  const node = (role: string, text: string, replies: unknown[] = [], more = {}) => ({
    message_id: text,
    text,
    role,
    replies,
    ...more,
  });
  const ranked = (count: number) =>
    Array.from({ length: count }, (_, rank) => node('assistant', `answer ${rank}`, [], { rank }));
  const comparison = (replies: unknown[]) =>
    formats.oasst.read({ message_tree_id: 't', prompt: node('prompter', 'Why?', replies) }).comparisons[0];

  it('makes a comparison of siblings, and a ranking of those that have a rank', () => {
    const replies = [
      node('assistant', 'So.', [], { rank: 1 }),
      node('assistant', 'No.', [], { rank: 0 }),
      node('assistant', 'Hm.', [], { rank: 1 }),
      node('assistant', 'Eh.', [node('prompter', 'What?')]),
    ];
    expect(comparison(replies)).toEqual({
      prompt: 0,
      completions: [1, 2, 3, 4],
      rankings: [{ trainer: null, groups: [[1], [0, 2]] }],
    });
    expect(comparison(ranked(1))).toBeUndefined();
    expect(comparison([node('assistant', 'So.'), node('assistant', 'No.', [], { rank: 0 })])?.rankings).toEqual([]);
  });

  it('compares the nine best of more, and no text with itself', () => {
    expect(comparison(ranked(11).toReversed())?.completions).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const same = [...ranked(2), node('assistant', 'answer 1', [], { rank: 2 })];
    expect(comparison(same)).toMatchObject({ completions: [1, 2], rankings: [{ groups: [[0], [1]] }] });
  });

  it('leaves out what was deleted, with all that follows', () => {
    const replies = [node('assistant', '', [node('prompter', 'What?')], { deleted: true }), ...ranked(2)];
    expect(formats.oasst.read({ prompt: node('prompter', 'Why?', replies) }).messages).toHaveLength(3);
    expect(reason('oasst', { prompt: node('prompter', 'Why?', [], { deleted: true }) })).toMatch(/deleted/);
  });

  it('keeps what else is said, so that the tree can be given out again', () => {
    const more = { lang: 'en', rank: 0, synthetic: false, deleted: false, emojis: { '+1': 2 }, labels: null };
    const replies = [
      node('assistant', 'So.', [], { ...more, parent_id: 'Why?', model_name: 'm1' }),
      node('assistant', 'No.', [], { parent_id: 'elsewhere' }),
    ];
    const tree = { message_tree_id: 't', tree_state: 'ready', source: 's', prompt: node('prompter', 'Why?', replies) };
    expect(formats.oasst.read(tree)).toMatchObject({
      extra: { tree_state: 'ready' },
      extras: [{}, more, { parent_id: 'elsewhere' }],
    });
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    expect(reason('oasst', { prompt: node('prompter', 'Why?', [], { labels: deep }) })).toBe(
      'prompt.labels: is nested more than 16 deep',
    );
    expect(reason('oasst', { ...tree, tree_state: { 'a\0': 1 } })).toMatch(/NUL/);
    expect(reason('oasst', { prompt: node('prompter', 'Why?', [], { labels: ['\ud800'] }) })).toMatch(/surrogate/);
  });

  it('names the message that is wrong', () => {
    const wrong = node('prompter', 'Why?', [node('assistant', 'So.', [node('assistant', 'No.')])]);
    expect(reason('oasst', { prompt: wrong })).toBe(
      'prompt.replies.0.replies.0.role: expected the prompter to speak here, not the assistant',
    );
    expect(reason('oasst', { message_id: 'm', text: 'Why?', role: 'prompter' })).toMatch(/whole trees/);
    let deep = node('prompter', 'Why?');
    for (let depth = 0; depth < 100_000; depth += 1) deep = node(depth % 2 ? 'prompter' : 'assistant', 'So.', [deep]);
    expect(reason('oasst', { prompt: deep })).toMatch(/at most 400|expected the/);
  });
});

/** What a format made of a record, as speakers and words. */
const said = (format: LineFormat, value: unknown) =>
  formats[format].read(value).messages.map(({ role, content }) => `${role}: ${content}`);

describe('messages as OpenAI has them', () => {
  it('takes weights, which it keeps', () => {
    const messages = [
      user('Why?'),
      { ...assistant('So.'), weight: 0 },
      user('Why so?'),
      { ...assistant('Eh.'), weight: 1 },
    ];
    expect(formats.conversations.read({ messages })).toMatchObject({
      kind: 'dialogue',
      extras: [null, { weight: 0 }, null, { weight: 1 }],
    });
    expect(formats.conversations.read({ messages: [user('Why?')] })).not.toHaveProperty('extras');
  });

  it.each([
    [[user('Why?'), { ...assistant('So.'), weight: 0.5 }], 'messages.1.weight: must be 0 or 1'],
    [[user('Why?'), { role: 'assistant', content: null, tool_calls: [{}] }], /^messages\.1\.content: .*null/],
    [[user('Why?'), { ...assistant('So.'), tool_calls: [{}] }], /^messages\.1\.tool_calls: calls of tools/],
    [[user('Why?'), { role: 'tool', content: '42' }], /^messages\.1\.role: calls of tools/],
  ])('refuses what it cannot hold, case %#', (messages, expected) => {
    expect(reason('conversations', { messages })).toMatch(expected);
  });
});

describe('ShareGPT', () => {
  const talk = (...turns: string[]) => ({
    id: 'x',
    conversations: turns.map((turn) => ({ from: turn.split(': ')[0], value: turn.split(': ')[1] })),
  });

  it('takes the names that its files have for who speaks', () => {
    expect(
      said('sharegpt', talk('system: Be brief.', 'human: Why?', 'gpt: So.', 'user: Why so?', 'assistant: Eh.')),
    ).toEqual(['system: Be brief.', 'user: Why?', 'assistant: So.', 'user: Why so?', 'assistant: Eh.']);
    expect(said('sharegpt', { ...talk('human: Why?', 'gpt: So.'), system: 'Be brief.' })[0]).toBe('system: Be brief.');
    expect(formats.sharegpt.read(talk('human: Why?', 'gpt: So.'))).toMatchObject({ id: 'x', source: 'sharegpt' });
    expect(formats.sharegpt.read({ ...talk('human: Why?'), source: 'a book' })).toMatchObject({ source: 'a book' });
  });

  it.each([
    [talk('human: Why?', 'human: Why so?'), 'conversations.1.from: expected the assistant to speak here, not the user'],
    [talk('gpt: Hello.'), 'conversations.0.from: expected the user to speak here, not the assistant'],
    [talk('human: Why?', 'observation: 42'), /^conversations\.1\.from: calls of tools/],
    [talk('human: Why?', 'constructor: So.'), /^conversations\.1\.from: nobody known/],
    [talk('human: Why?', 'gpt:  '), 'conversations.1.value: must not be empty'],
    [talk(), 'conversations: must not be empty'],
    [{}, 'conversations: is missing'],
  ])('refuses what is no dialogue, case %#', (value, expected) => {
    if (expected instanceof RegExp) expect(reason('sharegpt', value)).toMatch(expected);
    else expect(reason('sharegpt', value)).toBe(expected);
  });
});

describe('instructions', () => {
  it('puts the input below the instruction', () => {
    expect(said('alpaca', { instruction: 'Add.', input: '1, 2', output: '3' })).toEqual([
      'user: Add.\n\n1, 2',
      'assistant: 3',
    ]);
    expect(said('alpaca', { instruction: 'Add.', input: '', output: '3' })).toEqual(['user: Add.', 'assistant: 3']);
    const more = { system: 'Be brief.', history: [['Hi', 'Hello.']], instances: [{ input: '1', output: '2' }] };
    expect(said('alpaca', { instruction: 'Add one.', ...more })).toEqual([
      'system: Be brief.',
      'user: Hi',
      'assistant: Hello.',
      'user: Add one.\n\n1',
      'assistant: 2',
    ]);
    const dolly = { instruction: 'When?', context: 'In 1901.', response: '1901', category: 'closed_qa' };
    expect(said('dolly', dolly)).toEqual(['user: When?\n\nIn 1901.', 'assistant: 1901']);
    expect(formats.dolly.read(dolly)).toMatchObject({ source: 'dolly', extra: { category: 'closed_qa' } });
  });

  it.each([
    ['alpaca', { instruction: 'Add.', input: '1' }, 'output: is missing'],
    ['alpaca', { instruction: 'Add.', output: ' ' }, 'output: must not be empty'],
    ['alpaca', { instruction: 'Add.', instances: [] }, 'instances: holds 0, and a line is one dialogue'],
    ['alpaca', { instruction: 'Add.', instances: [{ input: '1' }] }, 'instances.0.output: is missing'],
    ['dolly', { instruction: 'When?' }, 'response: is missing'],
  ] as const)('refuses what is missing, case %#', (format, value, expected) => {
    expect(reason(format, value)).toBe(expected);
  });
});

describe('HH transcripts', () => {
  const begun = '\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Why?\nAnd how?';

  it('makes a comparison of the two last answers', () => {
    const read = formats.hh.read({
      chosen: `${begun}\n\nAssistant: So.`,
      rejected: `${begun}\n\nAssistant: No.\n\nNever.`,
    });
    expect(read.messages.map(({ parent, role, content }) => [parent, role, content])).toEqual([
      [null, 'user', 'Hi'],
      [0, 'assistant', 'Hello.'],
      [1, 'user', 'Why?\nAnd how?'],
      [2, 'assistant', 'So.'],
      [2, 'assistant', 'No.\n\nNever.'],
    ]);
    expect(read).toMatchObject({
      kind: 'dialogue',
      source: 'hh',
      comparisons: [{ prompt: 2, completions: [3, 4], rankings: [{ trainer: null, groups: [[0], [1]] }] }],
    });
  });

  it.each([
    [
      { chosen: `${begun}\n\nAssistant: So.`, rejected: `${begun}\n\nAssistant: So.` },
      'rejected: is the same text as chosen',
    ],
    [
      { chosen: '\n\nHuman: Hi\n\nAssistant: So.', rejected: '\n\nHuman: Ho\n\nAssistant: So.' },
      'rejected: differs from chosen before the last answer already, at message 1',
    ],
    [
      { chosen: '\n\nHuman: Hi\n\nAssistant: Hello.', rejected: `${begun}\n\nAssistant: So.` },
      'rejected: differs from chosen before the last answer already, at message 3',
    ],
    [{ chosen: 'Hi', rejected: 'Ho' }, /^chosen: must begin with/],
    [{ chosen: begun, rejected: begun }, 'chosen: must end with the assistant'],
    [{ chosen: '\n\nHuman: Hi\n\nHuman: Ho', rejected: '' }, /^chosen\.1\.role: expected the assistant/],
    [{ chosen: '\n\nHuman: Hi\n\nAssistant:', rejected: '' }, 'chosen.1: must not be empty'],
    [{ chosen: begun }, 'rejected: is missing'],
  ])('refuses what is no such pair, case %#', (value, expected) => {
    if (expected instanceof RegExp) expect(reason('hh', value)).toMatch(expected);
    else expect(reason('hh', value)).toBe(expected);
  });
});
