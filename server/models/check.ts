import type { ModelCheck } from '../../shared/models.ts';
import { addressFault, type Hosts } from './address.ts';
import type { Fetch } from './connection.ts';
import { type Asked, ModelFailure, type Source } from './provider.ts';
import { judge } from './providers/moderations.ts';
import type { ChatServers } from './providers/openai.ts';
import type { ModelRow } from './queries.ts';

type Finding = ModelCheck['findings'][number];

interface Means {
  chat: ChatServers;
  fetch: Fetch;
  hosts: Hosts;
  /** Opens the key. Throws `ModelFailure` where it cannot be opened. */
  sourceOf: (model: ModelRow) => Source;
  /** For all of it, in milliseconds. */
  withinMs: number;
}

/** Asked with the model's own parameters, as what they bring about is to be seen here; short where they set no limit. */
function questionFor({ parameters }: ModelRow): Asked {
  return {
    messages: [
      { role: 'system', content: 'Answer in one short sentence.' },
      { role: 'user', content: 'Name an animal and say what it eats.' },
    ],
    role: 'assistant',
    parameters: { maxTokens: 512, ...parameters },
    seed: 1,
  };
}

/** Asks a model's server what it can do. A server that fails is a finding like any other. */
export async function checkModel(model: ModelRow, at: Date, means: Means): Promise<ModelCheck> {
  const { findings, firstTokenMs } = await findingsOf(model, means);
  const needed = ['address', 'answers', 'judges'];
  const ok = findings.every((finding) => finding.ok || !needed.includes(finding.key));
  return { at: at.toISOString(), ok, findings, firstTokenMs };
}

async function findingsOf(model: ModelRow, means: Means): Promise<Pick<ModelCheck, 'findings' | 'firstTokenMs'>> {
  if (model.provider === 'replay') {
    const text = 'Answers with recorded texts: this is the demo, not a model.';
    return { findings: [{ key: 'answers', ok: true, text }], firstTokenMs: null };
  }
  const fault = addressFault(model.baseUrl ?? '', means.hosts);
  if (fault !== null)
    return { findings: [{ key: 'address', ok: false, text: `The base URL ${fault}.` }], firstTokenMs: null };
  const address: Finding = { key: 'address', ok: true, text: 'The address is allowed.' };
  const late = AbortSignal.timeout(means.withinMs);
  const asks = model.provider === 'moderations' ? 'judges' : 'answers';
  try {
    const source = means.sourceOf(model);
    const found =
      asks === 'judges' ? await judging(source, late, means) : await answering(source, questionFor(model), late, means);
    return { ...found, findings: [address, ...found.findings] };
  } catch (error) {
    const text = reasonOf(error, late, means.withinMs);
    const absent = error instanceof ModelFailure && error.kind === 'unreachable';
    const findings: Finding[] = absent
      ? [{ key: 'address', ok: false, text }]
      : [address, { key: asks, ok: false, text }];
    return { findings, firstTokenMs: null };
  }
}

async function judging(source: Source, late: AbortSignal, { fetch, withinMs }: Means) {
  const categories = await judge(source, 'A friendly sentence.', late, { fetch, withinMs });
  const text =
    categories.length === 0
      ? 'Judges texts, and finds nothing in a friendly sentence.'
      : `Judges texts, but finds ${categories.join(', ')} in a friendly sentence.`;
  return { findings: [{ key: 'judges', ok: true, text } satisfies Finding], firstTokenMs: null };
}

async function answering(source: Source, question: Asked, late: AbortSignal, { chat, withinMs }: Means) {
  chat.forget(source);
  const begun = performance.now();
  const { text, firstMs, usage } = await written(chat, source, question, late);
  const firstTokenMs = Math.round(firstMs - begun);
  const lacks = chat.lacks(source);
  const [choices, logprobs, again] = await Promise.allSettled([
    chat.answers(source, question, { n: 2 }, late),
    chat.answers(source, question, { logprobs: true }, late),
    lacks.has('seed') ? null : written(chat, source, question, late),
  ]);

  /** A refusal says that the server cannot; any other failure of the request, as being slow, leaves it open. */
  const found = (
    key: Finding['key'],
    ok: boolean,
    yes: string,
    no: string,
    asked?: { request: PromiseSettledResult<unknown>; whether: string },
  ): Finding => {
    if (asked?.request.status !== 'rejected') return { key, ok, text: ok ? yes : no };
    const reason: unknown = asked.request.reason;
    const words = reasonOf(reason, late, withinMs);
    const refused = reason instanceof ModelFailure && reason.kind === 'refused';
    return { key, ok, text: refused ? `${no} (${words})` : `Not known whether it ${asked.whether}: ${words}` };
  };
  const many = choices.status === 'fulfilled' && choices.value.length === 2;
  const likely = logprobs.status === 'fulfilled' && (logprobs.value[0]?.logprobs?.content?.length ?? 0) > 0;
  const same = again.status === 'fulfilled' && again.value?.text === text;
  const findings = [
    found('answers', true, `Answers: “${text.slice(0, 200).toWellFormed()}”`, ''),
    found(
      'streams',
      !lacks.has('streaming'),
      `Streams; the first piece came after ${firstTokenMs} ms.`,
      'Does not stream: answers come whole.',
    ),
    found(
      'choices',
      many,
      'Gives several answers to one request (n).',
      'Gives one answer to a request, so each alternative is a request of its own.',
      { request: choices, whether: 'gives several answers to one request (n)' },
    ),
    found('logprobs', likely, 'Gives log-probabilities.', 'Gives no log-probabilities.', {
      request: logprobs,
      whether: 'gives log-probabilities',
    }),
    found(
      'usage',
      usage !== null,
      `Counts tokens: ${usage?.input} in, ${usage?.output} out.`,
      'Counts no tokens, so that prices cannot be reckoned.',
    ),
    found(
      'system',
      !lacks.has('system'),
      'Takes system messages.',
      'Takes no system messages: they are written into the first message of the user.',
    ),
    found(
      'seed',
      same,
      'The same seed gave the same text.',
      lacks.has('seed')
        ? 'Takes no seed: no text can be had a second time.'
        : 'The same seed did not give the same text.',
      { request: again, whether: 'gives the same text for the same seed' },
    ),
  ];
  return { findings, firstTokenMs };
}

async function written(chat: ChatServers, source: Source, question: Asked, signal: AbortSignal) {
  const writing = chat.write(source, question, signal);
  let text = '';
  let firstMs: number | null = null;
  for (;;) {
    const { done, value } = await writing.next();
    if (done) return { text, firstMs: firstMs ?? performance.now(), usage: value.usage };
    firstMs ??= performance.now();
    text += value;
  }
}

function reasonOf(error: unknown, late: AbortSignal, withinMs: number): string {
  if (error instanceof ModelFailure) return error.inFull;
  if (late.aborted) return `The server did not get done within the ${Math.round(withinMs / 1_000)} s of this check.`;
  throw error;
}
