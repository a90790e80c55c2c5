import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { LiveMessage } from '../../shared/live.ts';
import type { StreamState } from '../../shared/streams.ts';
import { Stream } from '../../web/src/streams/stream.svelte.ts';

const id = '00000000-0000-4000-8000-000000000001';
type Message = Extract<LiveMessage, { type: 'piece' | 'stream' }>;

const piece = (at: number, text: string): Message => ({ type: 'piece', streamId: id, at, text });
const told = (state: StreamState, length: number, detail: string | null = null): Message => ({
  type: 'stream',
  streamId: id,
  state,
  detail,
  length,
});

/** A stream on a socket of ours: what is followed from where, and frames painted when we say. */
function begin(text = '', state: StreamState = 'waiting', coming = false) {
  const asked: number[] = [];
  const askedComing: boolean[] = [];
  const frames: (() => void)[] = [];
  let listener: ((message: Message) => void) | null = null;
  const stream = new Stream(
    { id, state, detail: null, text },
    {
      source: {
        follow(_, from, onMessage, isComing = () => false) {
          const ask = (): void => {
            asked.push(from());
            askedComing.push(isComing());
          };
          ask();
          listener = onMessage;
          return { again: ask, stop: () => (listener = null) };
        },
      },
      coming,
      nextFrame: (paint) => frames.push(paint),
    },
  );
  return {
    stream,
    asked,
    askedComing,
    frames,
    paint: () => frames.splice(0).forEach((paint) => paint()),
    tell: (...messages: Message[]) => messages.forEach((message) => listener?.(message)),
    following: () => listener !== null,
  };
}

describe('a stream', () => {
  test('is followed from its beginning and shown once a frame', () => {
    const { stream, asked, frames, paint, tell } = begin();
    expect(asked).toEqual([0]);
    tell(told('streaming', 0), piece(0, 'The '), piece(4, 'moon'));
    expect([stream.state, stream.text, frames.length]).toEqual(['streaming', '', 1]);
    paint();
    expect(stream.text).toBe('The moon');
  });

  test('that is only coming is asked for anew where nothing of it is heard once it is there', () => {
    vi.useFakeTimers();
    const [heard, silent] = [begin('', 'waiting', true), begin('', 'waiting', true)];
    heard.tell(piece(0, 'The moon'));
    for (const { stream } of [heard, silent]) stream.came();
    vi.advanceTimersByTime(5_000);
    expect([heard.askedComing, silent.askedComing]).toEqual([[true], [true, false]]);
    const left = begin('', 'waiting', true);
    left.stream.came();
    left.stream.close();
    vi.advanceTimersByTime(5_000);
    expect(left.asked).toEqual([0]);
    vi.useRealTimers();
  });

  test('begins with half a text where half is known, and asks for the rest only', () => {
    const { stream, asked, paint, tell } = begin('The moon', 'streaming');
    expect([asked, stream.text]).toEqual([[8], 'The moon']);
    tell(told('streaming', 8), piece(8, ' is'));
    paint();
    expect(stream.text).toBe('The moon is');
  });

  test('that has ended is not followed', () => {
    const { stream, following } = begin('All.', 'done');
    expect([stream.ended, stream.text, following()]).toEqual([true, 'All.', false]);
  });

  test('its end is shown at once, and nothing is followed any more', () => {
    const { stream, tell, following } = begin();
    tell(told('streaming', 0), piece(0, 'All.'), told('stopped', 4, 'Stopped.'));
    expect([stream.state, stream.detail, stream.text, following()]).toEqual(['stopped', 'Stopped.', 'All.', false]);
  });

  test('the end may be told before the text', () => {
    const { stream, asked, tell, following } = begin();
    tell(told('done', 8), piece(0, 'The '));
    expect([stream.state, following()]).toEqual(['done', true]);
    tell(piece(4, 'moon'));
    expect([stream.text, following(), asked]).toEqual(['The moon', false, [0]]);
  });

  test('pieces that were lost are asked for, once', () => {
    const { stream, asked, paint, tell } = begin();
    tell(told('streaming', 0), piece(0, 'The '), piece(9, 'is'), piece(11, ' far'));
    expect(asked).toEqual([0, 4]);
    tell(told('streaming', 15), piece(4, 'moon is far'), piece(15, ' away'));
    paint();
    expect([stream.text, asked]).toEqual(['The moon is far away', [0, 4]]);
  });

  test('an end whose last piece was lost is asked for', () => {
    const { stream, asked, tell, following } = begin();
    tell(told('streaming', 0), piece(0, 'The '), told('done', 8));
    expect([asked, following()]).toEqual([[0, 4], true]);
    tell(told('done', 8), piece(4, 'moon'));
    expect([stream.text, following(), asked]).toEqual(['The moon', false, [0, 4]]);
  });

  test('a server that kept less than was shown goes on from what it kept', () => {
    const { stream, paint, tell } = begin('The moon is', 'streaming');
    tell(told('streaming', 4), piece(4, 'sun'));
    paint();
    expect(stream.text).toBe('The sun');
    tell(told('failed', 4, 'The model server is away.'));
    expect([stream.text, stream.detail]).toEqual(['The ', 'The model server is away.']);
  });

  test('says what it waits for', () => {
    const { stream, tell } = begin();
    tell(told('waiting', 0, 'The model server asked us to wait 20 s'));
    expect([stream.state, stream.detail]).toEqual(['waiting', 'The model server asked us to wait 20 s']);
    tell(told('streaming', 0));
    expect([stream.state, stream.detail]).toEqual(['streaming', null]);
  });

  test('whatever is cut off, sent twice or lost on the way, the whole text is there at the end', () => {
    const text = 'A 🌙 rises; é and 漢字 stay whole. '.repeat(4);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.constantFrom('sent', 'lost', 'twice')), { maxLength: 60 }),
        (cuts) => {
          const { stream, asked, paint, tell } = begin();
          const rest = (from: number): Message[] => [told('streaming', text.length), piece(from, text.slice(from))];
          let at = 0;
          for (const [length, fate] of cuts) {
            const message = piece(at, text.slice(at, at + length));
            const before = asked.length;
            if (fate !== 'lost') tell(message);
            if (fate === 'twice') tell(message);
            at = Math.min(at + length, text.length);
            if (asked.length > before) tell(...rest(asked.at(-1) ?? 0));
          }
          const before = asked.length;
          tell(told('streaming', text.length), told('done', text.length));
          if (asked.length > before)
            tell(told('done', text.length), piece(asked.at(-1) ?? 0, text.slice(asked.at(-1))));
          paint();
          expect(stream.text).toBe(text);
        },
      ),
    );
  });
});
