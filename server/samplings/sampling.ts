import { newId } from '../db/ids.ts';
import { z } from 'zod';
import { minCompletions } from '../../shared/conversations.ts';
import type { Context } from '../context.ts';
import { transaction } from '../db/database.ts';
import type { Queue, Run } from '../db/jobs.ts';
import { retrying } from '../db/retry.ts';
import { ModelFailure } from '../models/provider.ts';
import { type ModelRow, selectModelsOf } from '../models/queries.ts';
import { judgeAll, keepVerdict } from '../moderation/judge.ts';
import { allocate } from '../rounds/mix.ts';
import { mulberry32 } from '../seeded.ts';
import { likeAny, printOf } from './alike.ts';
import { comparisonOf } from './comparison.ts';
import * as queries from './queries/sampling.ts';

const sampleJob = z.object({
  samplingId: z.uuid(),
  /** How often it failed so far for a reason that passes; none where absent. */
  failures: z.number().int().optional(),
});
export type SampleJob = z.output<typeof sampleJob>;

/**
 * Jobs that sample. A model server that fails ends a job, and another one is sent for later, so the retries of the queue
 * itself are for processes that died and for errors of our own.
 */
export const sampleQueue: Queue<SampleJob> = {
  name: 'sample',
  data: sampleJob,
  atOnce: 64,
  retryLimit: 20,
  retryDelaySeconds: 2,
  retryDelayMaxSeconds: 300,
};

/** A sampling is given up when its models have failed so often. */
const tries = 8;
/** Pause before the second try, in milliseconds; it doubles with each, and is up to twice as long by chance. */
const firstPause = 5_000;
const longestPause = 10 * 60_000;
/** A model server that asks us to wait, after the waiting that asking it includes, is left alone at least so long, in milliseconds. */
const shortestWait = 30_000;
/** A completion that is like another is sampled again so often. */
const resamples = 3;
/** Below 2^31: what a model server takes for sure. */
const seeds = 2 ** 31;

type Sampler = Pick<Context, 'db' | 'jobs' | 'models' | 'hub' | 'log' | 'clock' | 'random'>;

/** Begins to sample in this process. */
export async function beginSampling(context: Context): Promise<void> {
  await context.jobs.work(sampleQueue, (job, run) => sampleOne(context, job, run));
}

/**
 * Samples what is missing of a sampling, and makes its comparison once it has all: before that nobody sees any of it. What
 * was completed is kept whatever happens, and doing it twice is once. Throws only what is no fault of a model.
 */
export async function sampleOne(
  context: Sampler,
  { samplingId, failures = 0 }: SampleJob,
  { last, signal }: Pick<Run, 'last' | 'signal'>,
): Promise<void> {
  const { db, clock, hub } = context;
  const begun = await queries.begin(db, samplingId, clock());
  if (begun === null || begun.cancelled) return;
  try {
    const { generationIds, withheld } = await complete(context, begun, signal);
    const made = comparisonOf(begun.original?.id ?? null, generationIds, begun.seed, context);
    if (made.completionIds.length < minCompletions)
      return await giveUp(
        context,
        begun,
        withheld ? 'moderation withheld answers, and the others were alike' : 'all answers were alike',
      );
    if (await retrying(() => queries.finish(db, begun, made))) hub.touch(begun.projectId);
  } catch (error) {
    if (error instanceof ModelFailure) return await failed(context, begun, failures, error);
    if (last) await giveUp(context, begun, 'something went wrong on this server; its log says what');
    throw error;
  }
}

/**
 * The completions of a sampling, by the ids of their generations; fewer than wanted where models only repeat themselves, or
 * moderation blocks what they write.
 */
async function complete(
  context: Sampler,
  begun: queries.Begun,
  signal: AbortSignal,
): Promise<{ generationIds: string[]; withheld: boolean }> {
  const { db } = context;
  const models = await selectModelsOf(db, [...new Set(begun.mix.map(({ modelId }) => modelId))]);
  const prints = begun.original ? [printOf(begun.original.content)] : [];
  const places = allocate(begun.mix, begun.wanted).flatMap(({ modelId, count }) => Array<string>(count).fill(modelId));
  const generationIds: string[] = [];
  let withheld = false;
  /** Takes a completion into its model's place, unless it is like another. */
  const take = ({ id, modelId, text }: { id: string; modelId: string; text: string }): boolean => {
    const print = printOf(text);
    const place = places.indexOf(modelId);
    if (place === -1 || likeAny(print, prints)) return false;
    places.splice(place, 1);
    prints.push(print);
    generationIds.push(id);
    return true;
  };
  begun.written.forEach(take);

  // Another attempt draws other seeds.
  const next = mulberry32(begun.seed + begun.attempt);
  for (let round = 0; round <= resamples && places.length > 0; round += 1) {
    const settled = await Promise.allSettled(
      places.map((modelId) => {
        const model = models.get(modelId);
        if (!model) throw new Error(`model ${modelId} is missing`);
        return write(context, model, begun, Math.floor(next() * seeds), signal);
      }),
    );
    const written = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const judgements = await judgeAll(
      context,
      begun,
      written.map(({ text }) => text),
    );
    const fresh = written.flatMap((one, index) => {
      const judgement = judgements[index] ?? null;
      withheld ||= judgement?.action === 'block';
      return judgement?.action !== 'block' && take(one) ? { ...one, judgement } : [];
    });
    if (fresh.length > 0) await queries.keep(db, begun, fresh);
    for (const { id, judgement } of fresh) if (judgement) await keepVerdict(db, begun.projectId, id, judgement);
    const failure = settled.find((one) => one.status === 'rejected');
    if (failure) throw failure.reason;
  }
  return { generationIds, withheld };
}

/** Has a model write one completion. Throws `ModelFailure`, naming the model, or the signal's reason. */
async function write(
  { models, clock }: Sampler,
  model: ModelRow,
  { messages, parameters: own }: queries.Begun,
  seed: number,
  signal: AbortSignal,
): Promise<queries.Written> {
  const parameters = own ?? model.parameters;
  const createdAt = clock();
  let firstTokenAt: Date | null = null;
  let text = '';
  try {
    const asked = { messages, role: 'assistant' as const, parameters, seed, background: true };
    const writing = models.write(model, asked, signal);
    for (;;) {
      const next = await writing.next();
      if (!next.done) {
        firstTokenAt ??= clock();
        text += next.value;
        continue;
      }
      const { finishReason, usage } = next.value;
      const endedAt = clock();
      const times = { createdAt, firstTokenAt: firstTokenAt ?? endedAt, endedAt };
      return { id: newId(), modelId: model.id, text, parameters, seed, finishReason, usage, ...times };
    }
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    const { kind, message, retryAfterMs } = error;
    throw new ModelFailure(kind, `${model.name}: ${message}`, { retryAfterMs, cause: error });
  }
}

/** A model failed: the sampling waits for another try, or is given up. To wait for as long as a server asks is no failure. */
async function failed(
  context: Sampler,
  begun: queries.Begun,
  failures: number,
  { message, passing, retryAfterMs }: ModelFailure,
): Promise<void> {
  const counted = failures + (retryAfterMs === null ? 1 : 0);
  if (!passing || counted >= tries) return giveUp(context, begun, message);
  const { db, jobs, clock, random } = context;
  const pause = pauseAfter(counted, retryAfterMs, random);
  const now = clock();
  await transaction(db, async (tx) => {
    const waits = await queries.fail(tx, begun, { detail: message, retryAt: new Date(now.getTime() + pause), now });
    const job = { samplingId: begun.id, failures: counted };
    if (waits) await jobs.send(tx, sampleQueue, [job], { startAfterSeconds: Math.ceil(pause / 1_000) });
  });
}

/** How long to wait after so many failures, in milliseconds. */
export function pauseAfter(failures: number, retryAfterMs: number | null, random: () => number): number {
  if (retryAfterMs !== null) return Math.min(longestPause, Math.max(shortestWait, retryAfterMs)) * (1 + random() / 10);
  return Math.min(longestPause, firstPause * 2 ** (failures - 1) * (1 + random()));
}

async function giveUp({ db, clock }: Sampler, begun: queries.Begun, detail: string): Promise<void> {
  await queries.fail(db, begun, { detail, retryAt: null, now: clock() });
}
