import type { Field, Row } from '../../server/releases/examples.ts';

/** Columns of dialogues with a bit of everything: lists of structs, nulls, numbers. */
export const dialogueFields: readonly Field[] = [
  {
    ...{ name: 'messages', nullable: false, about: 'The dialogue' },
    type: {
      list: {
        struct: [
          { name: 'role', type: 'string', nullable: false, about: '' },
          { name: 'content', type: 'string', nullable: false, about: '' },
        ],
      },
    },
  },
  { name: 'margin', type: 'float64', nullable: true, about: '' },
  { name: 'turns', type: 'int64', nullable: false, about: '' },
  { name: 'human', type: 'bool', nullable: false, about: '' },
  { name: 'source', type: 'string', nullable: true, about: '' },
];

const answer = 'This is not much of an answer, but it is long enough to fill a shard in the end, é and 漢 and all. ';

/** The same for the same number. */
export function dialogueRow(n: number): Row {
  const turns = 1 + (n % 3);
  return {
    messages: Array.from({ length: turns }, (_, turn) => [
      { role: 'user', content: `Question ${turn} of ${n}?` },
      { role: 'assistant', content: `${(n * 2_654_435_761) % 4_294_967_296} ${answer.repeat(1 + (n % 4))}` },
    ]).flat(),
    margin: n % 2 === 0 ? null : n / 4,
    turns,
    human: n % 5 !== 0,
    source: n % 7 === 0 ? null : `source ${n % 4}`,
  };
}
