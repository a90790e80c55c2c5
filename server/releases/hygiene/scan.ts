import type { Message } from '../../../shared/conversations.ts';
import type { PiiKind } from '../../../shared/releases.ts';
import type { Completion, Example } from '../examples.ts';
import { find, mask } from './pii.ts';

/** Personal data with what stands around it. */
export interface Finding {
  readonly kind: PiiKind;
  readonly before: string;
  readonly found: string;
  readonly after: string;
}

/** So much is told of what stands on either side, in UTF-16 code units. */
const around = 40;

/**
 * Looks for personal data of these kinds in all texts of an example; `masked` is the example with what was found put out of
 * sight, or the example itself where nothing was.
 */
export function scanExample<E extends Example>(
  example: E,
  kinds: readonly PiiKind[],
): { findings: Finding[]; masked: E } {
  const findings: Finding[] = [];
  const masked = withTexts(example, (text) => {
    const found = find(text, kinds);
    if (found.length === 0) return text;
    for (const { kind, start, end } of found)
      findings.push({
        kind,
        before: whole(text.slice(Math.max(0, start - around), start)),
        found: text.slice(start, end),
        after: whole(text.slice(end, end + around)),
      });
    return mask(text, found);
  });
  return { findings, masked: findings.length === 0 ? example : masked };
}

/** Without the half of a surrogate pair that a cut left at either end. */
function whole(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
}

/** The example with another text for each that somebody wrote, also in what an import said beside it; ids and names stay. */
export function withTexts<E extends Example>(example: E, change: (text: string) => string): E;
export function withTexts(example: Example, change: (text: string) => string): Example {
  const saying = <M extends Message>(message: M): M => ({ ...message, content: change(message.content) });
  const completing = (completion: Completion): Completion => ({ ...completion, content: change(completion.content) });
  switch (example.shape) {
    case 'dialogue':
      return { ...example, turns: example.turns.map(saying) };
    case 'pair':
      return {
        ...example,
        prompt: example.prompt.map(saying),
        chosen: completing(example.chosen),
        rejected: completing(example.rejected),
      };
    case 'ranked':
      return {
        ...example,
        prompt: example.prompt.map(saying),
        completions: example.completions.map(completing),
      };
    case 'judged':
    case 'rated':
      return { ...example, prompt: example.prompt.map(saying), completion: completing(example.completion) };
    case 'prompt':
      return { ...example, prompt: example.prompt.map(saying) };
    case 'said': {
      const { text, report } = example.feedback;
      return {
        ...example,
        prompt: example.prompt.map(saying),
        completion: completing(example.completion),
        feedback: {
          ...example.feedback,
          text: change(text),
          report: report && { ...report, text: change(report.text) },
        },
      };
    }
    case 'tree':
      return {
        ...example,
        messages: example.messages.map((message) => ({
          ...saying(message),
          extra: message.extra && changed(message.extra, change),
        })),
        extra: example.extra && changed(example.extra, change),
      };
  }
}

/** JSON with other texts. */
function changed(extra: Record<string, unknown>, change: (text: string) => string): Record<string, unknown> {
  const inside = (value: unknown): unknown => {
    if (typeof value === 'string') return change(value);
    if (Array.isArray(value)) return value.map(inside);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inside(one)]));
  };
  return Object.fromEntries(Object.entries(extra).map(([key, value]) => [key, inside(value)]));
}
