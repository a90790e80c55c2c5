import type { Input } from '../../../shared/endpoint.ts';
import type { samplePool } from '../../../shared/samplings.ts';
import { ParameterForm } from '../models/parameters.svelte.ts';
import { MixOfModels } from './mix.svelte.ts';

type Body = Input<typeof samplePool>['body'];

/** What is asked for of a pool, while it is being typed; a number is null or undefined while its field is empty. */
export class PoolRequest {
  pool = $state<Body['pool']>('prompts');
  completions = $state<number | null>();
  limit = $state<number | null>();
  readonly mix = new MixOfModels();
  readonly parameters = new ParameterForm();

  constructor(completions: number) {
    this.completions = completions;
  }

  get body(): Body {
    const parameters = this.parameters.value;
    const told = Object.values(parameters).some((value) => value !== undefined);
    return {
      pool: this.pool,
      mix: this.mix.body,
      completions: this.completions ?? 0,
      limit: this.limit ?? undefined,
      ...(told && { parameters }),
    };
  }
}
