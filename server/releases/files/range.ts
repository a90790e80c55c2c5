/** Bytes of a file, the first and the last, counted from 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The headers of a request that say which bytes are wanted. */
export interface RangeHeaders {
  readonly range?: string | undefined;
  readonly 'if-range'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}

export interface RangeAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string | number>>;
  /** What of the file is the body: null for all of it, `none` where there is no body. */
  readonly bytes: ByteRange | null | 'none';
}

/**
 * How a request for a file is answered, by RFC 9110, sections 13 and 14: 206 for one range of bytes, 416 for one that lies
 * behind the end, 304 where the asker has it. What is no range, or more than one, is answered with the whole file, as
 * section 14.2 allows; so is a range of another version than `If-Range` names. The tag of a file is its SHA-256.
 */
export function answerRange(
  request: RangeHeaders,
  { bytes: size, sha256 }: { bytes: number; sha256: string },
): RangeAnswer {
  const tag = `"${sha256}"`;
  const always = { ETag: tag, 'Accept-Ranges': 'bytes' };
  if (matches(request['if-none-match'], tag)) return { status: 304, headers: always, bytes: 'none' };
  const current = request['if-range'] === undefined || request['if-range'] === tag;
  const range = current && request.range !== undefined ? parseRange(request.range, size) : null;
  if (range === 'unsatisfiable')
    return {
      status: 416,
      headers: { ...always, 'Content-Range': `bytes */${size}`, 'Content-Length': 0 },
      bytes: 'none',
    };
  if (range === null) return { status: 200, headers: { ...always, 'Content-Length': size }, bytes: null };
  const { first, last } = range;
  return {
    status: 206,
    headers: { ...always, 'Content-Range': `bytes ${first}-${last}/${size}`, 'Content-Length': last - first + 1 },
    bytes: range,
  };
}

/** The one range that a `Range` header names in a file of `size` bytes; null where it names none, several, or nonsense. */
export function parseRange(header: string, size: number): ByteRange | null | 'unsatisfiable' {
  const [, from, to] = /^\s*bytes\s*=[\s,]*(\d*)\s*-\s*(\d*)[\s,]*$/i.exec(header) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  if (from === '') {
    const suffix = Number(to);
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { first: Math.max(0, size - suffix), last: size - 1 };
  }
  if (to !== '' && Number(to) < Number(from)) return null;
  if (Number(from) >= size) return 'unsatisfiable';
  return { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}

/** Whether one of the tags is this; a weak one is as good, since the bytes of a tag never change. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
