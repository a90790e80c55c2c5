import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerRange, parseRange, type RangeHeaders } from '../../server/releases/files/range.ts';

const file = { bytes: 1_000, sha256: 'a1b2' };

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-499', { first: 0, last: 499 }],
    ['bytes=500-', { first: 500, last: 999 }],
    ['bytes=-300', { first: 700, last: 999 }],
    ['bytes=-5000', { first: 0, last: 999 }],
    ['bytes=999-5000', { first: 999, last: 999 }],
    ['Bytes = 5-5 ,', { first: 5, last: 5 }],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,5-6', null],
    ['bytes=6-5', null],
    ['bytes=-', null],
    ['bytes=a-b', null],
    ['lines=1-2', null],
    ['', null],
  ] as const)('%s', (header, expected) => {
    expect(parseRange(header, file.bytes)).toEqual(expected);
  });

  it('is within the file, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(2_000), (junk, a, b, size) => {
        for (const header of [junk, `bytes=${junk}`, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`]) {
          const range = parseRange(header, size);
          if (range === null || range === 'unsatisfiable') continue;
          expect(range.first).toBeGreaterThanOrEqual(0);
          expect(range.first).toBeLessThanOrEqual(range.last);
          expect(range.last).toBeLessThan(size);
        }
      }),
    );
  });
});

describe('a request for a file', () => {
  const answer = (request: RangeHeaders) => {
    const { status, headers, bytes } = answerRange(request, file);
    return [status, headers['Content-Range'] ?? null, headers['Content-Length'] ?? null, bytes];
  };

  it('is answered with all, a part, or nothing', () => {
    expect(answer({})).toEqual([200, null, 1_000, null]);
    expect(answer({ range: 'bytes=10-19' })).toEqual([206, 'bytes 10-19/1000', 10, { first: 10, last: 19 }]);
    expect(answer({ range: 'bytes=2000-' })).toEqual([416, 'bytes */1000', 0, 'none']);
    expect(answer({ range: 'bytes=0-1,3-4' })).toEqual([200, null, 1_000, null]);
    expect(answerRange({}, file).headers).toMatchObject({ ETag: '"a1b2"', 'Accept-Ranges': 'bytes' });
  });

  it('gives a part of the very same file alone', () => {
    const range = 'bytes=10-19';
    expect(answer({ range, 'if-range': '"a1b2"' })[0]).toBe(206);
    for (const other of ['"other"', 'W/"a1b2"', 'Tue, 03 Nov 2026 10:00:00 GMT'])
      expect(answer({ range, 'if-range': other })).toEqual([200, null, 1_000, null]);
  });

  it('says that the asker has it', () => {
    for (const tags of ['"a1b2"', '"x", W/"a1b2"', '*']) expect(answer({ 'if-none-match': tags })[0]).toBe(304);
    expect(answer({ 'if-none-match': '"x"' })[0]).toBe(200);
  });
});
