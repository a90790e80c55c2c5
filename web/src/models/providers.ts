import type { Provider } from '../../../shared/models.ts';

interface ProviderWords {
  name: string;
  about: string;
  /** Whether it has an address, a model id and a key. */
  server: boolean;
  /** Whether it answers, rather than judge what others write. */
  writes: boolean;
}

export const providerWords: Record<Provider, ProviderWords> = {
  openai: {
    name: 'Chat completions',
    about: 'Any server with the OpenAI chat-completions protocol: vLLM, llama.cpp, Ollama, or a hosted API.',
    server: true,
    writes: true,
  },
  replay: {
    name: 'Demo',
    about: 'Built in, needs no server. It answers from recorded dialogues, and the pages say that it is a demo.',
    server: false,
    writes: true,
  },
  moderations: {
    name: 'Moderation',
    about: 'A server with the moderations protocol. It judges texts and writes none; project settings can name it.',
    server: true,
    writes: false,
  },
};

/** Where these servers listen unless told otherwise. */
export const usualAddresses = [
  { server: 'vLLM', baseUrl: 'http://127.0.0.1:8000/v1' },
  { server: 'llama.cpp', baseUrl: 'http://127.0.0.1:8080/v1' },
  { server: 'Ollama', baseUrl: 'http://127.0.0.1:11434/v1' },
] as const;
