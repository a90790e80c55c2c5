import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokenOff, type Line, maxLineBytes, readLines } from '../../server/imports/lines.ts';

async function* chunks(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

async function lines(source: AsyncIterable<Uint8Array>): Promise<Line[]> {
  const found: Line[] = [];
  for await (const some of readLines(source)) found.push(...some);
  return found;
}

/** The bytes in pieces that end at these places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const anyCuts = fc.array(fc.nat(), { maxLength: 12 });

describe('lines of an upload', () => {
  it('takes a byte order mark, CRLF and blank lines, and counts every line', async () => {
    expect(await lines(chunks('\uFEFF{"a":1}\r\n\r\n  \t\n{"b":2}'))).toEqual([
      { number: 1, text: '{"a":1}\r' },
      { number: 4, text: '{"b":2}' },
    ]);
    expect(await lines(chunks())).toEqual([]);
    expect(await lines(chunks('\n\n'))).toEqual([]);
  });

  it('reads the same wherever the bytes are cut', async () => {
    const text = '{"a":"é, 漢字, \u{1F600}"}\n\nnonsense\r\n{"b":"\\n"}';
    const whole = await lines(chunks(text));
    expect(whole.map(({ number }) => number)).toEqual([1, 3, 4]);
    await fc.assert(
      fc.asyncProperty(anyCuts, async (places) => {
        expect(await lines(chunks(...cutAt(Buffer.from(text), places)))).toEqual(whole);
      }),
    );
  });

  it('rejects a line that is not UTF-8 and goes on', async () => {
    const found = await lines(chunks('{"a":1}\n', new Uint8Array([0x22, 0xff, 0xfe, 0x22, 0x0a]), '{"b":2}\n'));
    expect(found).toEqual([
      { number: 1, text: '{"a":1}' },
      { number: 2, fault: 'is not UTF-8 text' },
      { number: 3, text: '{"b":2}' },
    ]);
  });

  it('steps over a line of 100 MB without holding it', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    let most = 0;
    async function* long(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"a":1}\n"');
      for (let count = 0; count < 100; count += 1) {
        yield megabyte;
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
      yield Buffer.from('"\n{"b":2}\n');
    }
    const before = process.memoryUsage().arrayBuffers;
    expect(await lines(long())).toEqual([
      { number: 1, text: '{"a":1}' },
      { number: 2, fault: 'is longer than 16 MB' },
      { number: 3, text: '{"b":2}' },
    ]);
    // Growing by doubling, a line just under the bound is held up to three times over for a moment.
    expect(most - before).toBeLessThan(4 * maxLineBytes);
  });

  it('takes a line of exactly the greatest length', async () => {
    const [line] = await lines(chunks(Buffer.alloc(maxLineBytes, 'x'), '\n'));
    expect(line).toHaveProperty('text');
  });

  it('refuses what is no text at all', async () => {
    await expect(lines(chunks(Buffer.from('{"a":1}\n'), new Uint8Array(10)))).rejects.toMatchObject({
      code: 'invalid',
    });
    await expect(lines(chunks(Buffer.from('{"a":1}', 'utf16le')))).rejects.toMatchObject({ code: 'invalid' });
  });

  it('drops the line that a failing source cuts off', async () => {
    const found: Line[] = [];
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`{"a":1}\n${'\n'.repeat(100_000)}{"b":2}`);
      throw new Error('the cable was pulled');
    }
    await expect(
      (async () => {
        for await (const some of readLines(failing())) found.push(...some);
      })(),
    ).rejects.toBeInstanceOf(BrokenOff);
    expect(found).toEqual([{ number: 1, text: '{"a":1}' }]);
  });
});

describe('elements of an array', () => {
  it('cuts any array into its elements, wherever the bytes are cut', async () => {
    const element = fc.oneof(
      fc.object(),
      fc.string({ unit: 'binary' }).map((text) => ({ text })),
      fc.array(fc.json()),
      fc.integer(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(element, { minLength: 1 }),
        fc.constantFrom(0, 2),
        anyCuts,
        async (values, indent, places) => {
          const bytes = Buffer.from(` \n${JSON.stringify(values, null, indent)}\n`);
          const found = await lines(chunks(...cutAt(bytes, places)));
          expect(found.map((line) => ('text' in line ? (JSON.parse(line.text) as unknown) : line.fault))).toEqual(
            JSON.parse(JSON.stringify(values)),
          );
          expect(found.map(({ number }) => number)).toEqual(values.map((_, index) => index + 1));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says where an array breaks off', async () => {
    expect(await lines(chunks('[{"a":1},{"b":'))).toEqual([
      { number: 1, text: '{"a":1}' },
      { number: 2, fault: 'is cut off: the file ends before the array does' },
    ]);
    expect(await lines(chunks('[{"a":1},'))).toEqual([
      { number: 1, text: '{"a":1}' },
      { number: 2, fault: 'is missing: the file ends before the array does' },
    ]);
    expect(await lines(chunks('[{"a":1}] more'))).toEqual([
      { number: 1, text: '{"a":1}' },
      { number: 2, fault: 'follows the end of the array' },
    ]);
    expect(await lines(chunks('[]'))).toEqual([]);
  });
});
