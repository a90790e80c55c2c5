import { Refusal } from '../problem.ts';

/** A line is not read beyond this, in bytes; longer ones are stepped over without being held. */
export const maxLineBytes = 16 * 1024 * 1024;
/** So much is looked at before the first line is given out, and no piece to be read at one go is larger. In bytes. */
const pieceBytes = 64 * 1024;

/** One line of an upload, or one element of its array: its text, or why there is none. `number` counts from 1. */
export type Line = { number: number; text: string } | { number: number; fault: string };

/** The source failed before its end; `cause` says how. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

/**
 * Cuts an upload into lines as it comes in: JSON Lines, or the elements of one JSON array where the first character is
 * `[`. Holds no more than one line and one piece. Blank lines are counted and not given out.
 * Throws `invalid` where the upload is no text, and `BrokenOff` where the source fails; a line that it cuts off is dropped.
 */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  let cutter: Cutter | null = null;
  for await (const piece of pieces(source)) {
    if (cutter === null) {
      if (piece.includes(0))
        throw new Refusal(
          'invalid',
          'This is no text file: it holds NUL bytes. JSON Lines or a JSON array in UTF-8 are read.',
        );
      const text = withoutMark(piece);
      cutter = firstByte(text) === openBracket ? new ElementCutter() : new LineCutter();
      yield cutter.cut(text);
    } else yield cutter.cut(piece);
  }
  if (cutter !== null) yield cutter.end();
}

/** The source in pieces of at most `pieceBytes`; the first has all of those, if there are so many. */
async function* pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const head = new Held();
  let begun = false;
  try {
    for await (const chunk of source) {
      let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (!begun) {
        const missing = pieceBytes - head.size;
        head.add(rest.subarray(0, missing));
        if (head.size < pieceBytes) continue;
        rest = rest.subarray(missing);
        begun = true;
        yield head.take();
      }
      for (let at = 0; at < rest.length; at += pieceBytes) yield rest.subarray(at, at + pieceBytes);
    }
  } catch (error) {
    throw new BrokenOff('the source failed', { cause: error });
  }
  if (!begun && head.size > 0) yield head.take();
}

const newline = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Without the byte order mark that some programs put first. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** The first byte that is no white space, or null. */
function firstByte(bytes: Buffer): number | null {
  for (const byte of bytes) if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return byte;
  return null;
}

/** Bytes that wait for their line's end. Grows by doubling, so that tiny chunks cost no more than large ones. */
class Held {
  #bytes = Buffer.alloc(0);
  size = 0;

  add(piece: Buffer): void {
    const size = this.size + piece.length;
    if (size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.#bytes.length, 1024));
      this.#bytes.copy(larger, 0, 0, this.size);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.size);
    this.size = size;
  }

  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.size);
    this.#bytes = Buffer.alloc(0);
    this.size = 0;
    return taken;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

abstract class Cutter {
  readonly #held = new Held();
  #tooLong = false;
  protected number = 0;
  protected lines: Line[] = [];

  /** The lines that end in this piece. */
  abstract cut(piece: Buffer): Line[];
  /** What is left when there is no more. */
  abstract end(): Line[];

  /** Keeps the beginning of a line whose end is still to come. */
  protected hold(piece: Buffer): void {
    if (this.#tooLong) return;
    if (this.#held.size + piece.length > maxLineBytes) {
      this.#tooLong = true;
      this.#held.take();
    } else this.#held.add(piece);
  }

  /** Ends a line whose last bytes are these, and tells its fault if it has one anyway. */
  protected finish(rest: Buffer, fault: string | null = null): void {
    const { number } = this;
    if (this.#held.size > 0 || this.#tooLong) this.hold(rest);
    if (this.#tooLong) {
      this.#tooLong = false;
      this.lines.push({ number, fault: `is longer than ${maxLineBytes / 1024 / 1024} MB` });
      return;
    }
    const bytes = this.#held.size > 0 ? this.#held.take() : rest;
    if (firstByte(bytes) === null) return;
    if (fault !== null) {
      this.lines.push({ number, fault });
      return;
    }
    try {
      this.lines.push({ number, text: utf8.decode(bytes) });
    } catch {
      this.lines.push({ number, fault: 'is not UTF-8 text' });
    }
  }

  protected given(): Line[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }
}

/** JSON Lines: a newline ends a line, whatever stands in it; JSON.parse takes a carriage return as white space. */
class LineCutter extends Cutter {
  override cut(piece: Buffer): Line[] {
    let from = 0;
    for (let at = piece.indexOf(newline); at !== -1; at = piece.indexOf(newline, from)) {
      this.number += 1;
      this.finish(piece.subarray(from, at));
      from = at + 1;
    }
    this.hold(piece.subarray(from));
    return this.given();
  }

  override end(): Line[] {
    this.number += 1;
    this.finish(Buffer.alloc(0));
    return this.given();
  }
}

/**
 * The elements of one JSON array. Follows strings and nesting just so far as to find the commas between elements: whether
 * an element is JSON is for JSON.parse to say.
 */
class ElementCutter extends Cutter {
  /** How many brackets and braces are open; 1 is between the elements. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #ended = false;

  override cut(piece: Buffer): Line[] {
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at];
      if (this.#ended) break;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#inString = false;
      } else if (byte === quote) this.#inString = true;
      else if (byte === openBracket || byte === openBrace) {
        this.#depth += 1;
        if (this.#depth === 1) from = at + 1;
      } else if (byte === closeBracket || byte === closeBrace) {
        this.#depth -= 1;
        this.#ended = this.#depth === 0;
        if (this.#ended) {
          this.#element(piece.subarray(from, at));
          from = at + 1;
        }
      } else if (byte === comma && this.#depth === 1) {
        this.#element(piece.subarray(from, at));
        from = at + 1;
      }
    }
    this.hold(piece.subarray(from));
    return this.given();
  }

  override end(): Line[] {
    this.number += 1;
    if (this.#ended) this.finish(Buffer.alloc(0), 'follows the end of the array');
    else {
      const before = this.lines.length;
      this.finish(Buffer.alloc(0), 'is cut off: the file ends before the array does');
      if (this.lines.length === before)
        this.lines.push({ number: this.number, fault: 'is missing: the file ends before the array does' });
    }
    return this.given();
  }

  #element(rest: Buffer): void {
    this.number += 1;
    this.finish(rest);
  }
}
