import type { Input } from '../../../shared/endpoint.ts';
import { taskKinds, type TaskKind } from '../../../shared/projects.ts';
import type { Round, startRound } from '../../../shared/rounds.ts';
import { workKinds } from '../projects/kinds.ts';
import { MixOfModels } from '../samplings/mix.svelte.ts';

interface Model {
  id: string;
  name: string;
}

/** The next round while it is being put together; it begins as what runs now, without what can no longer be chosen. */
export class NextRound {
  name = $state('');
  policyModelId = $state('');
  kinds = $state<TaskKind[]>([]);
  readonly mix = new MixOfModels();
  /** Kinds that people have a page for, and what runs already. */
  readonly offered: readonly TaskKind[];
  readonly #running: Round | null;
  readonly #models: readonly Model[];

  /** @param alternatives how many are sampled for a picked message: K - 1 */
  constructor(running: Round | null, models: readonly Model[], alternatives: number) {
    this.#running = running;
    this.#models = models;
    this.offered = taskKinds.filter(
      (kind) => workKinds.some((work) => work.kind === kind) || running?.kinds.includes(kind) === true,
    );
    this.kinds = [...(running?.kinds ?? this.offered)];

    const known = new Set(models.map(({ id }) => id));
    const [first] = models;
    const policy = running?.policyModel.id ?? first?.id ?? '';
    this.policyModelId = known.has(policy) ? policy : '';
    for (const { model, count } of running?.mix ?? []) if (known.has(model.id)) this.mix.add(model.id, count);
    if (this.mix.parts.length === 0 && first) this.mix.add(first.id, alternatives);
  }

  get body(): Input<typeof startRound>['body'] {
    // In one order, whichever was ticked first.
    const kinds = this.offered.filter((kind) => this.kinds.includes(kind));
    return { name: this.name, policyModelId: this.policyModelId, mix: this.mix.body, kinds };
  }

  get policyModel(): string {
    return this.#nameOf(this.policyModelId);
  }

  /** `A × 2, B × 1`. */
  get mixWords(): string {
    return this.mix.body.map(({ modelId, count }) => `${this.#nameOf(modelId)} × ${count}`).join(', ');
  }

  /** Kinds that are handed out now and would be no longer. */
  get ending(): TaskKind[] {
    return (this.#running?.kinds ?? []).filter((kind) => !this.kinds.includes(kind));
  }

  #nameOf(modelId: string): string {
    return this.#models.find(({ id }) => id === modelId)?.name ?? '';
  }
}
