import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxAnswerCharacters, Pieces } from '../../server/models/providers/pieces.ts';
import { promptFor, withoutSystem } from '../../server/models/providers/prompt.ts';
import { retryAfterOf } from '../../server/models/providers/failure.ts';

function through(pieces: string[], stops: string[] = []): { handed: string[]; ended: string | null } {
  const cleaning = new Pieces(stops);
  const handed = [...pieces.map((piece) => cleaning.add(piece)), cleaning.rest()];
  return { handed: handed.filter((piece) => piece !== ''), ended: cleaning.ended };
}

describe('the pieces of an answer', () => {
  test('join to the same text, however the text is cut', () => {
    const unit = fc.constantFrom('a', ' ', '\n', '\0', 'é', '世', '😀', '\ufeff');
    const text = fc.string({ unit, minLength: 1, maxLength: 60 });
    const cuts = fc.array(fc.nat(60), { maxLength: 8 });
    fc.assert(
      fc.property(text, cuts, (text, cuts) => {
        const places = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
        const { handed } = through(pieces);
        expect(handed.join('')).toBe(text.replaceAll('\0', '').trim() === '' ? '' : text.replaceAll('\0', ''));
        for (const piece of handed) expect(piece.isWellFormed()).toBe(true);
      }),
    );
  });

  test('a pair over two pieces is joined, half a pair is replaced, NUL is taken out', () => {
    expect(through(['a\ud83d', '\ude00b']).handed).toEqual(['a', '😀b']);
    expect(through(['a\ud83d', 'b\0c']).handed).toEqual(['a', '\ufffdbc']);
    expect(through(['a', '\ude00']).handed.join('')).toBe('a\ufffd');
    expect(through(['a\ud83d']).handed.join('')).toBe('a\ufffd');
  });

  test('white space waits for a word', () => {
    expect(through([' ', '\n', ' ']).handed).toEqual([]);
    expect(through([' ', '\n', 'a', ' ']).handed).toEqual([' \na', ' ']);
  });

  test('a stop sequence ends the text, also one that comes in parts', () => {
    expect(through(['one E', 'N', 'D two'], ['END'])).toEqual({ handed: ['one '], ended: 'stop' });
    expect(through(['one E', 'N', 'E'], ['END']).handed.join('')).toBe('one ENE');
    expect(through(['one E'], ['END']).handed.join('')).toBe('one E');
    expect(through(['a##b#c'], ['#c', '##'])).toEqual({ handed: ['a'], ended: 'stop' });
  });

  test('a text without end is cut, not in the middle of a pair', () => {
    const { handed, ended } = through(['x'.repeat(maxAnswerCharacters - 1), '😀', 'more']);
    expect(ended).toBe('length');
    expect(handed.join('')).toBe('x'.repeat(maxAnswerCharacters - 1));
  });
});

describe('what a model is asked', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi.' },
  ] as const;

  test('for the turn of the user is to write what the person says next', () => {
    const asked = promptFor({ messages, role: 'user' });
    expect(asked.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(asked[1]?.content).toContain('Person: Hello\n\nAssistant: Hi.');
    expect(promptFor({ messages: [], role: 'user' })[1]?.content).toMatch(/first message/);
    expect(promptFor({ messages, role: 'assistant' })).toBe(messages);
  });

  test('without system messages has what they say in the first message of the user', () => {
    expect(withoutSystem(messages)).toEqual([
      { role: 'user', content: 'Be brief.\n\nHello' },
      { role: 'assistant', content: 'Hi.' },
    ]);
    expect(withoutSystem(messages.slice(0, 1))).toEqual([{ role: 'user', content: 'Be brief.' }]);
    expect(withoutSystem(messages.slice(1))).toEqual(messages.slice(1));
  });
});

test.each([
  [{ 'retry-after': '7' }, 7_000],
  [{ 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Fri, 20 Nov 2026 11:00:00 GMT' }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
  [{ 'llm_provider-retry-after': '60' }, 60_000],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m30.5s' }, 90_500],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '250ms' }, 250],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '12' }, 12_000],
  [{ 'x-ratelimit-remaining-requests': '5', 'x-ratelimit-reset-requests': '1m' }, null],
  [{ 'retry-after': 'soon' }, null],
  [{}, null],
])('%j asks to wait for %s ms', (headers, expected) => {
  expect(retryAfterOf(new Headers(headers as Record<string, string>), Date.parse('2026-11-20T12:00:00Z'))).toBe(
    expected,
  );
});
