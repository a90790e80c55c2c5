import type { ImportFormat } from '../../../shared/imports.ts';

/** What each format is for, and one line of it. */
export const formats: Record<ImportFormat, { name: string; makes: string; example: unknown; more?: string }> = {
  prompts: {
    name: 'Prompts',
    makes:
      'Each line becomes a task to write a demonstration that goes on from it. Chats can open with it too, see Rounds, and models can answer it to be compared, see Sampling.',
    example: { prompt: 'Explain tides to a child.', id: 'tides-1', source: 'own' },
    more: 'In place of prompt, messages may hold a dialogue to go on from. The id is kept, and the same id twice is one.',
  },
  conversations: {
    name: 'Dialogues',
    makes: 'Each line is a finished dialogue, as OpenAI takes it too. It asks for no work and is part of SFT exports.',
    example: {
      messages: [
        { role: 'user', content: 'Is glass a liquid?' },
        { role: 'assistant', content: 'No, it is an amorphous solid.' },
      ],
      id: 'glass-1',
    },
  },
  comparisons: {
    name: 'Completions to rank',
    makes: 'Each line becomes a task to rank its completions; rankings that exist already come along.',
    example: {
      prompt: 'Name a prime above 10.',
      completions: [{ content: '11', model: 'm-1' }, { content: 'The number 12.' }],
      id: 'prime-1',
      rankings: [{ trainer: 'ada', ranking: [[0], [1]] }],
    },
    more: 'From 2 to 9 completions. In rankings, numbers count the completions from 0, best group first; two in one group tie.',
  },
  oasst: {
    name: 'OpenAssistant trees',
    makes:
      'Each line is a message tree. Assistant messages that answer the same message become a comparison to rank; their ranks come along as a ranking.',
    example: {
      message_tree_id: 't1',
      prompt: {
        message_id: 'm1',
        text: 'Hi',
        role: 'prompter',
        replies: [{ message_id: 'm2', text: 'Hello!', role: 'assistant', rank: 0 }],
      },
    },
    more: 'Rank 0 is best. Deleted messages are left out with all that follows them, and a tree is not part of SFT exports.',
  },
  sharegpt: {
    name: 'ShareGPT',
    makes: 'Each line is a finished dialogue. It asks for no work.',
    example: {
      id: 'glass-1',
      conversations: [
        { from: 'human', value: 'Is glass a liquid?' },
        { from: 'gpt', value: 'No, it is an amorphous solid.' },
      ],
    },
    more: 'Turns that do not alternate, and those of tools, are refused.',
  },
  alpaca: {
    name: 'Alpaca',
    makes: 'Each line is a dialogue of one turn, with the input below the instruction. It asks for no work.',
    example: { instruction: 'Name the largest number.', input: '3, 11, 7', output: '11' },
    more: 'system and history are read too, and instances as Self-Instruct has them, if there is one.',
  },
  dolly: {
    name: 'Dolly',
    makes: 'Each line is a dialogue of one turn, with the context below the instruction. It asks for no work.',
    example: {
      instruction: 'When was the bridge built?',
      context: 'The bridge was built in 1901.',
      response: 'In 1901.',
      category: 'closed_qa',
    },
  },
  hh: {
    name: 'HH transcripts',
    makes:
      'Each line holds two transcripts that differ in the last answer. The two answers become a comparison to rank; which was chosen comes along as a ranking.',
    example: { chosen: '\n\nHuman: Hi\n\nAssistant: Hello!', rejected: '\n\nHuman: Hi\n\nAssistant: What?' },
    more: 'Transcripts that differ earlier are refused.',
  },
  raw: {
    name: 'Everything of a project',
    makes:
      'A raw release of another Duologue: its conversations, comparisons, rankings and feedback, with people and rounds. An empty project takes its settings too.',
    example: { type: 'duologue', version: 1, project: { name: 'A project' } },
    more: 'Ids and times stay. People come along without accounts, models by their names alone; their addresses are set here.',
  },
};
