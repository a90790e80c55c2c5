import { describe, expect, it } from 'vitest';
import { originsOf, outcomesOf } from '../../server/demonstrations/provenance.ts';

const one = (suggestionId: string, index: number | null, inserted: string) => ({ suggestionId, index, inserted });
const fates = (texts: string[], ...taken: ReturnType<typeof one>[]) =>
  outcomesOf(texts, taken).map(({ suggestionId, fate, editDistance }) => [suggestionId, fate, editDistance]);

describe('what became of a suggestion', () => {
  it('is that it stands as it was, blanks around it aside', () => {
    expect(fates(['Why?', 'So it is.'], one('a', 1, 'So it is.'))).toEqual([['a', 'inserted', 0]]);
    expect(fates(['Why?', 'So it is.'], one('a', 1, 'So it is.\n\n'))).toEqual([['a', 'inserted', 2 / 11]]);
  });

  it('is that it stands amid the own words of the trainer, which are the distance', () => {
    expect(fates(['12345 67890'], one('a', 0, '67890'))).toEqual([['a', 'inserted', 6 / 11]]);
  });

  it('is that it was edited, by how much', () => {
    expect(fates(['1234X'], one('a', 0, '12345'))).toEqual([['a', 'edited', 0.2]]);
  });

  it('is that it was removed where its message is gone', () => {
    expect(fates(['Why?'], one('a', null, 'So'))).toEqual([['a', 'removed', null]]);
  });

  it('is told by what is left of it where it was put in more than once, and by the longest part', () => {
    const parts = [one('a', null, 'The longest that was put in'), one('a', 0, '12345'), one('a', 1, 'so')];
    expect(fates(['12345', 'so'], ...parts)).toEqual([['a', 'inserted', 0]]);
    expect(fates(['1234X', 'so'], ...parts)).toEqual([['a', 'edited', 0.2]]);
    expect(outcomesOf(['12345', 'so'], parts)[0]?.taken).toEqual([
      { place: 0, index: null, inserted: 'The longest that was put in' },
      { place: 1, index: 0, inserted: '12345' },
      { place: 2, index: 1, inserted: 'so' },
    ]);
  });
});

describe('what a message began as', () => {
  it('is the suggestion of which most was put in', () => {
    expect(originsOf(['Why?', '12345 and more'], [one('a', 1, 'more'), one('b', 1, '12345 and')])).toEqual([
      null,
      { suggestionId: 'b', editDistance: 5 / 14 },
    ]);
  });

  it('is nothing where nothing was put in', () => {
    expect(originsOf(['Why?'], [])).toEqual([null]);
    expect(originsOf(['Why?'], [one('a', null, 'Why?')])).toEqual([null]);
  });
});
