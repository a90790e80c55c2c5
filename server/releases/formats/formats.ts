import { formatsOf, type ReleaseDefinition, type ReleaseFormat, type ReleaseKind } from '../../../shared/releases.ts';
import { piiField } from './provenance.ts';
import * as alpaca from './alpaca.ts';
import * as duologue from './duologue.ts';
import type { Format } from './format.ts';
import * as helpsteer from './helpsteer.ts';
import * as hh from './hh.ts';
import { kwise } from './kwise.ts';
import * as oasst from './oasst.ts';
import * as openai from './openai.ts';
import * as sharegpt from './sharegpt.ts';
import * as trl from './trl.ts';

type Registry = {
  readonly [K in Exclude<ReleaseKind, 'raw'>]: {
    readonly [F in (typeof formatsOf)[K][number]]: (asked: helpsteer.Asked) => Format;
  };
};

const registry: Registry = {
  sft: {
    trl: () => trl.messages,
    trl_prompt_completion: () => trl.promptCompletion,
    openai: () => openai.chat,
    sharegpt: () => sharegpt.dialogues,
    alpaca: () => alpaca.singleTurns,
    oasst: () => oasst.trees,
  },
  comparisons: {
    trl: trl.preference,
    trl_implicit: trl.implicitPreference,
    openai: () => openai.preference,
    sharegpt: sharegpt.ranking,
    hh: hh.transcripts,
    kwise: () => kwise,
    oasst: () => oasst.trees,
  },
  unpaired: { trl: () => trl.unpaired, sharegpt: () => sharegpt.unpaired },
  ratings: { helpsteer: helpsteer.ratings, duologue: () => duologue.ratings },
  prompts: { trl: () => trl.prompts, sharegpt: () => sharegpt.prompts },
  feedback: { duologue: () => duologue.feedback },
};

/**
 * The format that a definition names. `asked` is what has a column: the rubric of the project as it stood when the release was
 * made, for a release that is built again must not change with it. Throws where a kind has no such format, which a definition
 * that was parsed never says, and for `raw`, which is no rows of one shape.
 */
export function formatFor(
  { kind, format, hygiene }: Pick<ReleaseDefinition, 'kind' | 'format' | 'hygiene'>,
  asked: helpsteer.Asked,
): Format {
  if (kind === 'raw') throw new Error('raw data has no format: it is written as it is stored');
  const formats: Partial<Record<ReleaseFormat, (asked: helpsteer.Asked) => Format>> = registry[kind];
  const found = formats[format]?.(asked);
  if (!found) throw new Error(`${kind} cannot be written as ${format}`);
  // OpenAI's rows bear no other columns: there the findings are on their page alone.
  return hygiene.pii === 'mark' && format !== 'openai' ? marked(found) : found;
}

/** The same rows with a column of what personal data was found in each. */
function marked(format: Format): Format {
  return {
    shape: format.shape,
    fields: [...format.fields, piiField],
    unfit: (example) => format.unfit(example),
    row: (example) => ({ ...format.row(example), [piiField.name]: example.pii ?? [] }),
  };
}
