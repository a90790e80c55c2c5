import { describe, expect, test } from 'vitest';
import type { Message } from '../../shared/conversations.ts';
import type { LiveMessage } from '../../shared/live.ts';
import type { Stream as StreamView } from '../../shared/streams.ts';
import type { Draft } from '../../shared/tasks.ts';
import { Dialogue } from '../../web/src/demonstrations/dialogue.svelte.ts';
import { Suggestions, type SuggestionSource } from '../../web/src/demonstrations/suggestions.svelte.ts';
import * as turns from '../../web/src/demonstrations/turns.ts';
import { Stream } from '../../web/src/streams/stream.svelte.ts';

const prompt: Message[] = [{ role: 'user', content: 'Why does the sea rise?' }];
const first = '00000000-0000-4000-8000-000000000001';
const second = '00000000-0000-4000-8000-000000000002';
const moon = 'Because the moon pulls at it.';

/** A dialogue with what it saved last; `put` types a suggestion into a turn as the page does. */
function begin(draft: Draft | null = null, given = prompt) {
  let saved: Draft = {};
  const dialogue = new Dialogue(given, draft, (next) => (saved = structuredClone(next)));
  const last = (): turns.Turn => dialogue.turns.at(-1) as turns.Turn;
  return {
    dialogue,
    last,
    saved: () => saved,
    put(key: number, suggestionId: string, inserted: string, before = '', after = '') {
      const write = (): void => dialogue.type(key, before + inserted + after);
      dialogue.take(key, { suggestionId, inserted }, before + after, write);
    },
  };
}
const marks = ({ turns: all }: Dialogue): string[] => all.map(turns.markOf);
const sent = (dialogue: Dialogue) => dialogue.submission(0).suggestions;

describe('what was inserted', () => {
  test('is marked in the margin, with how far it was edited, and sent with its turn', () => {
    const { dialogue, last, put } = begin();
    const { key } = last();
    expect(sent(dialogue)).toBeUndefined();
    put(key, first, moon);
    expect(marks(dialogue)).toEqual(['given', 'suggestion']);
    dialogue.type(key, `${moon} And the sun.`);
    expect(marks(dialogue)).toEqual(['given', 'from a suggestion, edited 31 %']);
    dialogue.type(key, `${moon}${'!'.repeat(2)}`);
    put(key, second, ' So it is.', `${moon}!!`);
    expect(sent(dialogue)).toEqual([
      { index: 1, suggestionId: first, inserted: moon },
      { index: 1, suggestionId: second, inserted: ' So it is.' },
    ]);
    dialogue.type(key, '');
    expect(marks(dialogue)).toEqual(['given', '']);
  });

  test('survives a reload', () => {
    const { dialogue, last, put, saved } = begin();
    put(last().key, first, moon);
    dialogue.finish(last().key);
    put(last().key, second, 'Is that all?');
    dialogue.undo();
    const again = begin(saved());
    expect(marks(again.dialogue)).toEqual(['given', 'suggestion', '']);
    expect(sent(again.dialogue)).toEqual(sent(dialogue));
    expect(sent(dialogue)).toEqual([
      { index: 1, suggestionId: first, inserted: moon },
      { index: null, suggestionId: second, inserted: 'Is that all?' },
    ]);
  });

  test('goes and comes with undo and redo', () => {
    const { dialogue, last, put } = begin();
    put(last().key, first, moon);
    dialogue.close();
    dialogue.undo();
    expect([last().content, marks(dialogue)]).toEqual(['', ['given', '']]);
    dialogue.redo();
    expect(marks(dialogue)).toEqual(['given', 'suggestion']);
    dialogue.remove(1);
    expect(sent(dialogue)).toEqual([{ index: null, suggestionId: first, inserted: moon }]);
    dialogue.undo();
    expect(sent(dialogue)).toEqual([{ index: 1, suggestionId: first, inserted: moon }]);
  });

  test('goes and comes with the undo of the text field', () => {
    const { dialogue, last, put } = begin();
    const { key } = last();
    dialogue.type(key, 'Well. ');
    put(key, first, moon, 'Well. ');
    dialogue.type(key, 'Well. ', true);
    expect([last().taken, sent(dialogue)]).toEqual([[], [{ index: null, suggestionId: first, inserted: moon }]]);
    dialogue.type(key, `Well. ${moon}`, true);
    expect(sent(dialogue)).toEqual([{ index: 1, suggestionId: first, inserted: moon }]);
    // The same text typed by hand is no step back.
    dialogue.type(key, 'Well. ');
    expect(last().taken).toHaveLength(1);
  });

  test('gives way to another suggestion that takes its place', () => {
    const { dialogue, last, put } = begin();
    const { key } = last();
    put(key, first, moon);
    put(key, second, 'The tide.');
    expect(marks(dialogue)).toEqual(['given', 'suggestion']);
    expect(sent(dialogue)).toEqual([
      { index: 1, suggestionId: second, inserted: 'The tide.' },
      { index: null, suggestionId: first, inserted: moon },
    ]);
  });

  test('a given turn is as the prompt had it, edited, or from a suggestion', () => {
    const { dialogue, put } = begin();
    put(0, first, 'How deep is the sea?');
    expect(marks(dialogue)).toEqual(['suggestion', '']);
    dialogue.restoreGiven(0);
    expect(marks(dialogue)).toEqual(['given', '']);
    dialogue.type(0, 'Why?');
    expect(marks(dialogue)).toEqual(['edited', '']);
  });

  test('the share of own words leaves out what was given, and knows what was inserted wherever it stands now', () => {
    const { dialogue, last, put } = begin();
    const { key } = last();
    expect(dialogue.ownWords).toBe(100);
    put(key, first, moon);
    expect(dialogue.ownWords).toBe(0);
    dialogue.type(key, `I would say that it rises so. ${moon}`);
    expect(dialogue.ownWords).toBe(53);
    dialogue.finish(key);
    const next = last().key;
    // Cut out of one turn and pasted into another.
    dialogue.type(key, 'I would say that it rises so.');
    dialogue.type(next, moon);
    expect(dialogue.ownWords).toBe(53);
    dialogue.type(next, 'Thanks.');
    expect(dialogue.ownWords).toBe(100);
  });
});

/** Suggestions whose server and models are here. */
function open(dialogue: Dialogue) {
  const wishes: unknown[] = [];
  const answers: { resolve: (views: StreamView[], demo?: boolean) => void; reject: (error: Error) => void }[] = [];
  const listeners = new Map<string, (message: LiveMessage) => void>();
  const stopped: string[] = [];
  const source: SuggestionSource = {
    ask: (wish) => {
      wishes.push(wish);
      return new Promise((resolve, reject) =>
        answers.push({ resolve: (suggestions, demo = false) => resolve({ suggestions, demo }), reject }),
      );
    },
    follow: (begun) => {
      const stream = new Stream(begun, {
        source: {
          follow: (id, _, listener) => {
            listeners.set(id, listener);
            return { again: () => undefined, stop: () => listeners.delete(id) };
          },
        },
        nextFrame: (paint) => paint(),
      });
      stream.stop = () => Promise.resolve(void stopped.push(begun.id));
      return stream;
    },
  };
  const suggestions = new Suggestions(dialogue, 'assignment', source);
  return { suggestions, wishes, answers, listeners, stopped };
}
const view = (id: string): StreamView => ({ id, state: 'waiting', detail: null, text: '' });
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('asking for suggestions', () => {
  test('goes on from the turns before, for the side whose turn it is', async () => {
    const { dialogue, last } = begin();
    const { suggestions, wishes, answers, listeners } = open(dialogue);
    void suggestions.ask(last().key);
    expect([suggestions.key, suggestions.asking, suggestions.writing]).toEqual([last().key, true, true]);
    expect(wishes).toEqual([{ messages: prompt, role: 'assistant' }]);
    answers[0]?.resolve([view(first), view(second)], true);
    await settled();
    expect([suggestions.asking, suggestions.demo, suggestions.streams.length]).toEqual([false, true, 2]);
    listeners.get(second)?.({ type: 'piece', streamId: second, at: 0, text: moon });
    expect(suggestions.streams.map(({ text }) => text)).toEqual(['', moon]);
    for (const [streamId, length] of [[first, 0] as const, [second, moon.length] as const])
      listeners.get(streamId)?.({ type: 'stream', streamId, state: 'done', detail: null, length });
    expect(suggestions.writing).toBe(false);

    dialogue.type(last().key, moon);
    dialogue.finish(last().key);
    void suggestions.ask(last().key);
    expect(wishes[1]).toEqual({ messages: [...prompt, { role: 'assistant', content: moon }], role: 'user' });
  });

  test('a first turn of the user is asked for with nothing before it', () => {
    const { dialogue, last } = begin(null, []);
    const { suggestions, wishes } = open(dialogue);
    dialogue.addSystem();
    void suggestions.ask(last().key);
    expect(wishes).toEqual([{ messages: [], role: 'user' }]);
    void suggestions.ask(dialogue.turns[0]?.key ?? -1);
    expect(wishes).toHaveLength(1);
  });

  test('an empty turn before it is said, and nobody is asked', () => {
    const { dialogue, last } = begin(null, []);
    const { suggestions, wishes } = open(dialogue);
    dialogue.insert(dialogue.turns.length, 'after');
    void suggestions.ask(last().key);
    expect(wishes).toEqual([]);
    expect([suggestions.key, suggestions.fault]).toEqual([last().key, expect.stringMatching(/is empty/)]);
  });

  test('a refusal is said in words, and the next try forgets it', async () => {
    const { dialogue, last } = begin();
    const { suggestions, answers } = open(dialogue);
    void suggestions.ask(last().key);
    answers[0]?.reject(new Error('No round is running.'));
    await settled();
    expect([suggestions.fault, suggestions.asking, suggestions.writing]).toEqual([
      'No round is running.',
      false,
      false,
    ]);
    suggestions.again();
    expect([suggestions.fault, suggestions.asking]).toEqual(['', true]);
  });

  test('others take the place of those that are open, which need not be written on', async () => {
    const { dialogue, last } = begin();
    const { suggestions, answers, listeners, stopped } = open(dialogue);
    void suggestions.ask(last().key);
    answers[0]?.resolve([view(first)]);
    await settled();
    suggestions.again();
    expect([stopped, listeners.size, suggestions.streams]).toEqual([[first], 0, []]);
    answers[1]?.resolve([view(second)]);
    await settled();
    expect(suggestions.streams.map(({ id }) => id)).toEqual([second]);
  });

  test('an answer that comes after they were closed is let go of', async () => {
    const { dialogue, last } = begin();
    const { suggestions, answers, listeners, stopped } = open(dialogue);
    void suggestions.ask(last().key);
    suggestions.close();
    answers[0]?.resolve([view(first)]);
    await settled();
    expect([suggestions.key, suggestions.streams, stopped, listeners.size]).toEqual([null, [], [first], 0]);
  });

  test('stopping keeps what is written, and says where it was not heard', async () => {
    const { dialogue, last } = begin();
    const { suggestions, answers, listeners, stopped } = open(dialogue);
    void suggestions.ask(last().key);
    answers[0]?.resolve([view(first), view(second)]);
    await settled();
    listeners.get(first)?.({ type: 'piece', streamId: first, at: 0, text: moon });
    listeners.get(second)?.({ type: 'stream', streamId: second, state: 'failed', detail: 'It broke off.', length: 0 });
    await suggestions.stop();
    expect([stopped, suggestions.streams[0]?.text]).toEqual([[first], moon]);
    const [one] = suggestions.streams;
    if (one) one.stop = () => Promise.reject(new Error('The server cannot be reached.'));
    await suggestions.stop();
    expect(suggestions.fault).toBe('The server cannot be reached.');
  });
});
