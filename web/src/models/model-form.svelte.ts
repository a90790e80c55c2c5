import type { Input } from '../../../shared/endpoint.ts';
import type { changeModel, createModel, Model, Provider } from '../../../shared/models.ts';
import { ParameterForm } from './parameters.svelte.ts';
import { providerWords } from './providers.ts';

/** A model's settings while they are being typed. */
export class ModelForm {
  name = $state('');
  provider = $state<Provider>('openai');
  baseUrl = $state('');
  model = $state('');
  /** A new key; empty where none is typed, since the stored one is never sent here. */
  apiKey = $state('');
  removesKey = $state(false);
  concurrency = $state<number | null | undefined>(8);
  /** In US dollars for a million tokens. */
  priceInput = $state<number | null | undefined>();
  priceOutput = $state<number | null | undefined>();
  readonly parameters: ParameterForm;

  constructor(model?: Model) {
    this.parameters = new ParameterForm(model?.parameters);
    if (!model) return;
    this.name = model.name;
    this.provider = model.provider;
    this.baseUrl = model.baseUrl ?? '';
    this.model = model.model;
    this.concurrency = model.concurrency;
    this.priceInput = model.price?.input;
    this.priceOutput = model.price?.output;
  }

  /** As the API takes a new model. */
  get body(): Input<typeof createModel>['body'] {
    const { price, ...settings } = this.#settings;
    return {
      ...settings,
      provider: this.provider,
      ...(price && { price }),
      ...(providerWords[this.provider].server && this.apiKey !== '' && { apiKey: this.apiKey }),
    };
  }

  /** What differs from `model`, as a change of it. */
  changeOf(model: Model): Input<typeof changeModel>['body'] {
    const before = new Map<string, unknown>(Object.entries(new ModelForm(model).#settings));
    const changed = Object.entries(this.#settings).filter(
      ([name, value]) => JSON.stringify(before.get(name)) !== JSON.stringify(value),
    );
    const apiKey = this.removesKey ? null : this.apiKey;
    return { ...Object.fromEntries(changed), ...(apiKey !== '' && { apiKey }) };
  }

  /** What the provider has a field for. */
  get #settings() {
    const { server, writes } = providerWords[this.provider];
    const priced = typeof this.priceInput === 'number' || typeof this.priceOutput === 'number';
    return {
      name: this.name,
      ...(server && { baseUrl: this.baseUrl.trim(), model: this.model }),
      ...(writes && { parameters: this.parameters.value }),
      concurrency: this.concurrency ?? undefined,
      ...(server &&
        writes && { price: priced ? { input: this.priceInput ?? 0, output: this.priceOutput ?? 0 } : null }),
    };
  }
}
