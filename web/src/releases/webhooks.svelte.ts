import { createWebhook, deleteWebhook, listWebhooks, testWebhook, type Webhook } from '../../../shared/webhooks.ts';
import { call } from '../api.ts';
import { Loaded } from '../ui/loaded.svelte.ts';

/** The addresses that are told when a release of a project is ready or has failed. */
export class WebhookList {
  readonly loaded: Loaded<Webhook[]>;
  /** Of the one that was just made: told once. */
  secret = $state.raw<{ url: string; secret: string } | null>(null);
  /** Ids of those that are being tried. */
  testing = $state.raw<readonly string[]>([]);
  readonly #params: { projectId: string };

  constructor(projectId: string) {
    this.#params = { projectId };
    this.loaded = new Loaded(async () => (await call(listWebhooks, { params: this.#params })).webhooks);
  }

  async create(url: string): Promise<void> {
    const { webhook, secret } = await call(createWebhook, { params: this.#params, body: { url } });
    this.secret = { url: webhook.url, secret };
    await this.loaded.load();
  }

  async remove({ id, url }: Webhook): Promise<void> {
    await call(deleteWebhook, { params: { webhookId: id } });
    if (this.secret?.url === url) this.secret = null;
    await this.loaded.load();
  }

  /** Sends an event of no consequence; how that went is told at the address in the list. */
  async test({ id }: Webhook): Promise<void> {
    if (this.testing.includes(id)) return;
    this.testing = [...this.testing, id];
    try {
      const { webhook } = await call(testWebhook, { params: { webhookId: id } });
      this.loaded.value = this.loaded.value?.map((other) => (other.id === id ? webhook : other)) ?? null;
    } finally {
      this.testing = this.testing.filter((other) => other !== id);
    }
  }
}
