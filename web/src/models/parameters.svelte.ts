import type { Parameters } from '../../../shared/models.ts';

/** A number field holds null once it was emptied. */
type Typed = number | null | undefined;

/** What a model is asked with, while it is being typed; what is empty is left to the model server. */
export class ParameterForm {
  temperature = $state<Typed>();
  topP = $state<Typed>();
  maxTokens = $state<Typed>();
  presencePenalty = $state<Typed>();
  frequencyPenalty = $state<Typed>();
  /** One sequence a line, as `written` says. */
  stop = $state('');

  constructor(parameters: Parameters = {}) {
    this.temperature = parameters.temperature;
    this.topP = parameters.topP;
    this.maxTokens = parameters.maxTokens;
    this.presencePenalty = parameters.presencePenalty;
    this.frequencyPenalty = parameters.frequencyPenalty;
    this.stop = (parameters.stop ?? []).map(written).join('\n');
  }

  /** As the API takes it. */
  get value(): Parameters {
    const stop = this.stop.split('\n').filter((line) => line !== '');
    return {
      temperature: this.temperature ?? undefined,
      topP: this.topP ?? undefined,
      maxTokens: this.maxTokens ?? undefined,
      presencePenalty: this.presencePenalty ?? undefined,
      frequencyPenalty: this.frequencyPenalty ?? undefined,
      stop: stop.length > 0 ? stop.map(meant) : undefined,
    };
  }
}

/** A stop sequence on one line: line breaks, tabs and backslashes as in most programming languages. */
function written(sequence: string): string {
  return sequence.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function meant(line: string): string {
  return line.replace(/\\([\\nt])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter === 't' ? '\t' : '\\'));
}
