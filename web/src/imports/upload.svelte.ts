import type { Output } from '../../../shared/endpoint.ts';
import { importLines, importResult, type ImportFormat } from '../../../shared/imports.ts';
import { Offline, refusal, urlOf } from '../api.ts';

export type ImportResult = Output<typeof importLines>;

/** One file on its way into a project. XMLHttpRequest, because only it tells how far an upload is. */
export class Upload {
  state = $state<'idle' | 'sending' | 'reading' | 'done' | 'failed'>('idle');
  file = $state.raw<File | null>(null);
  sent = $state(0);
  result = $state.raw<ImportResult | null>(null);
  failure = $state.raw<unknown>(null);
  readonly running = $derived(this.state === 'sending' || this.state === 'reading');
  #request: XMLHttpRequest | null = null;

  /** Chooses what to send; what came of the file before is forgotten. */
  choose(file: File | null): void {
    if (this.running) return;
    this.file = file;
    this.state = 'idle';
    this.result = null;
    this.failure = null;
  }

  send(projectId: string, format: ImportFormat): void {
    if (this.file === null || this.running) return;
    const request = new XMLHttpRequest();
    this.#request = request;
    this.result = null;
    this.failure = null;
    this.sent = 0;
    this.state = 'sending';
    request.upload.onprogress = ({ loaded }) => (this.sent = loaded);
    request.upload.onload = () => (this.state = 'reading');
    request.onload = () => this.#answered(request);
    request.onerror = () => this.#fail(new Offline('the upload broke off'));
    request.onabort = () => (this.state = 'idle');
    request.open('POST', urlOf(importLines, { params: { projectId }, query: { format } }));
    request.setRequestHeader('content-type', 'application/x-ndjson');
    request.send(this.file);
  }

  cancel(): void {
    this.#request?.abort();
  }

  #answered(request: XMLHttpRequest): void {
    if (request.status !== 200) return this.#fail(refusal(request.status, request.responseText));
    const parsed = importResult.safeParse(JSON.parse(request.responseText));
    if (!parsed.success) return this.#fail(parsed.error);
    this.result = parsed.data;
    this.state = 'done';
  }

  #fail(error: unknown): void {
    this.failure = error;
    this.state = 'failed';
  }
}
