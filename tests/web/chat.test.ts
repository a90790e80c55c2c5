import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../shared/chats.ts';
import type { StreamState } from '../../shared/streams.ts';
import { isContained } from '../../web/src/chats/chat.svelte.ts';
import { endOf, pathThrough, sayFault } from '../../web/src/chats/tree.ts';

let made = 0;
function message(id: string, parentId: string | null, state: StreamState | null = null, content = id): ChatMessage {
  made += 1;
  return {
    ...{ id, parentId, content, role: state === null ? 'user' : 'assistant', feedback: null, verdict: null },
    stream: state && { id, state, detail: null },
    createdAt: new Date(made * 1_000).toISOString(),
  };
}

const tree = [
  message('q1', null),
  message('a1', 'q1', 'done'),
  message('q2', 'a1'),
  message('a2', 'q2', 'stopped'),
  message('a1b', 'q1', 'done'),
  message('q1b', null),
  message('a1c', 'q1b', 'failed'),
];
const idsOf = (chosen: string | null): string =>
  pathThrough(tree, chosen)
    .map((step) => step.message.id)
    .join(' ');

describe('the path that is shown', () => {
  test('goes along what was said last', () => {
    expect(idsOf(null)).toBe('q1b a1c');
    expect(pathThrough([], null)).toEqual([]);
  });

  test('goes through what was chosen, and from there along what was said last', () => {
    expect(idsOf('q1')).toBe('q1 a1b');
    expect(idsOf('a1')).toBe('q1 a1 q2 a2');
    expect(idsOf('gone')).toBe('q1b a1c');
  });

  test('tells what else was said in each place, the oldest first, whatever the order of reading', () => {
    const steps = pathThrough(tree.toReversed(), 'a1');
    expect(steps.map(({ siblings }) => siblings.join(' '))).toEqual(['q1 q1b', 'a1 a1b', 'q2', 'a2']);
  });

  test('grows below what was chosen', () => {
    const longer = [...tree, message('q3', 'a2'), message('a3', 'q3', 'waiting')];
    expect(pathThrough(longer, 'q2').at(-1)?.message.id).toBe('a3');
  });
});

test('one says something at the beginning and below an answer that ended', () => {
  expect(sayFault(null)).toBeNull();
  expect(sayFault(message('a', 'q', 'done'))).toBeNull();
  expect(sayFault(message('a', 'q', 'stopped'))).toBeNull();
  expect(sayFault(message('q', null))).toMatch(/no answer/);
  expect(sayFault(message('a', 'q', 'streaming'))).toMatch(/being written/);
  expect(sayFault(message('a', 'q', 'failed'))).toMatch(/failed/);
  expect(sayFault(message('a', 'q', 'stopped', ''))).toMatch(/empty/);
});

test('a chat ends at its last answer, once one came to its end', () => {
  const path = (id: string): ChatMessage[] => pathThrough(tree, id).map((step) => step.message);
  expect(endOf(path('a2'))).toEqual({ leafId: 'a2' });
  expect(endOf([...path('a1'), message('q4', 'a2')])).toEqual({ leafId: 'a2' });
  expect(endOf(path('a1c'))).toHaveProperty('fault');
  expect(endOf([])).toHaveProperty('fault');
});

test('of two drafts the later one takes its place where no text is lost', () => {
  const box = { box: 'Half a thought', path: 'a1' };
  expect(isContained(box, { ...box, path: 'a2' })).toBe(true);
  expect(isContained({ box: '' }, box)).toBe(true);
  expect(isContained(null, box)).toBe(true);
  expect(isContained(box, { box: 'Another' })).toBe(false);
  expect(isContained({ notes: { 'note.a1': 'Good' } }, box)).toBe(false);
  expect(isContained({ comment: 'Short' }, { comment: 'Short', box: 'x' })).toBe(true);
  expect(isContained({ edit: { id: 'q1', text: 'Otherwise' } }, { edit: null })).toBe(false);
});
