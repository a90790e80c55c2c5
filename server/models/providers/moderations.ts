import { z } from 'zod';
import { moderationCategories, type ModerationCategory } from '../../../shared/moderation-terms.ts';
import type { Fetch } from '../connection.ts';
import { ModelFailure, type Source } from '../provider.ts';
import { clientOf } from './client.ts';
import { failureOf, webPage } from './failure.ts';

const judgement = z.object({
  // A server that has no such category says null of it.
  results: z.array(z.object({ categories: z.record(z.string(), z.boolean().nullable()) })).min(1),
});

/**
 * What a server with the moderations protocol flags in a text. A category that we do not have counts as the one above it
 * (`hate/threatening` as `hate`); one that has none of ours above it is passed over. Throws `ModelFailure`, or the signal's
 * reason.
 *
 * @param withinMs how long the server may take
 */
export async function judge(
  source: Source,
  text: string,
  signal: AbortSignal,
  { fetch, withinMs }: { fetch: Fetch; withinMs: number },
): Promise<ModerationCategory[]> {
  const late = AbortSignal.timeout(withinMs);
  try {
    const response = await clientOf(source, fetch)
      .moderations.create({ model: source.model, input: text }, { signal: AbortSignal.any([signal, late]) })
      .asResponse();
    if ((response.headers.get('content-type') ?? '').includes('html')) throw webPage();
    const { results } = judgement.parse(await response.json());
    const flagged = results.flatMap(({ categories }) => Object.keys(categories).filter((name) => categories[name]));
    const ours = new Set(flagged.map(categoryOf));
    return moderationCategories.filter((category) => ours.has(category));
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw new ModelFailure('cut', 'The moderation server did not answer in time.', { cause: error });
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      throw new ModelFailure('unreachable', 'It answered with something that is not of the moderations protocol.', {
        ...{ cause: error, passing: false },
      });
    throw failureOf(error, source.apiKey);
  }
}

function categoryOf(name: string): ModerationCategory | null {
  const [above] = name.split('/');
  return (
    moderationCategories.find((category) => category === name) ??
    moderationCategories.find((category) => category === above) ??
    null
  );
}
