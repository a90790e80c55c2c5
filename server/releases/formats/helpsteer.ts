import type { Message } from '../../../shared/conversations.ts';
import type { Rubric } from '../../../shared/projects.ts';
import type { Rated } from '../examples.ts';
import { type Column, column, tabular } from './format.ts';
import { promptFault, systemFault, turnsFault } from './messages.ts';
import { ofRated } from './provenance.ts';

/*
 * Rows as in HelpSteer2 (arXiv 2406.08673): prompt, response, and a column for each attribute. The attributes are what the
 * rubric of the project asks instead of helpfulness, correctness, coherence, complexity and verbosity. As there, further turns of
 * a prompt follow the first behind `<extra_id_1>Assistant` and `<extra_id_1>User`, each on a line of its own.
 */

const what = 'HelpSteer rows';
const mark = '<extra_id_1>';

const transcript = (prompt: readonly Message[]): string =>
  prompt
    .map(({ role, content }, at) =>
      at === 0 ? content : `${mark}${role === 'user' ? 'User' : 'Assistant'}\n${content}`,
    )
    .join('\n');

/** The columns for the answers to a rubric; `taken` are the names of the others. */
function answers({ overall, flags }: Asked, taken: ReadonlySet<string>): Column<Rated>[] {
  const names = new Set(taken);
  const columns: Column<Rated>[] = [];
  if (overall !== null) {
    names.add('overall');
    const { max, low, high } = overall;
    columns.push(
      column(
        'overall',
        'int64',
        `From 1 (${low}) to ${max} (${high}); null where it was not given.`,
        ({ rating }) => rating?.overall ?? null,
        {
          nullable: true,
        },
      ),
    );
  }
  for (const { key, label } of flags) {
    let name = /^[a-z]/.test(key) ? key : `flag_${key}`;
    while (names.has(name)) name = `flag_${name}`;
    names.add(name);
    columns.push(
      column(
        name,
        'bool',
        `${label}; null where nothing was said of it.`,
        ({ rating }) => rating?.flags?.includes(key) ?? null,
        {
          nullable: true,
        },
      ),
    );
  }
  return columns;
}

/** What the rubric of the project asks, and what it has asked before: all that is to have a column. */
export type Asked = Pick<Rubric, 'overall' | 'flags'>;

/** A flag's column is named by its key; behind `flag_` where that is another column, or does not begin with a letter. */
export function ratings(rubric: Asked) {
  const own: readonly Column<Rated>[] = [
    column('prompt', 'string', `What is answered; further turns follow behind ${mark}.`, ({ prompt }) =>
      transcript(prompt),
    ),
    column('response', 'string', 'The completion that was rated.', ({ completion }) => completion.content),
  ];
  const taken = new Set([...own, ...ofRated].map(({ field }) => field.name));
  const answered = answers(rubric, taken);
  return tabular(
    'rated',
    [...own, ...answered, ...ofRated],
    (rated) =>
      systemFault(rated.prompt, what) ??
      promptFault(rated.prompt) ??
      turnsFault(rated.prompt, what) ??
      ([...rated.prompt, rated.completion].some(({ content }) => content.includes(mark))
        ? `"${mark}" in a text, which ${what} take for the next turn`
        : null) ??
      (answered.every(({ of }) => of(rated) === null) ? 'a completion that nobody rated' : null),
  );
}
