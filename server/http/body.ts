import type { FastifyInstance } from 'fastify';
import { textFault } from '../../shared/conversations.ts';
import { Refusal } from '../problem.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads JSON bodies and refuses what cannot be stored as text: bytes that are not UTF-8, NUL, lone surrogates. PostgreSQL
 * would refuse them later with less to say.
 */
export function registerBodyParser(app: FastifyInstance): void {
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    try {
      done(null, parseJson(bytes as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** Parses a JSON body; an empty one is undefined. Throws a Refusal that says where the trouble is. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Refusal('malformed', 'The body is not UTF-8 text.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Refusal('malformed', `The body is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  if (deeperThan(text, maxDepth)) throw new Refusal('invalid', `The body is nested more than ${maxDepth} levels deep.`);
  // Only an escape can bring in what valid UTF-8 JSON cannot hold, so most bodies are not walked.
  if (/\\u(0000|d[89a-f])/i.test(text)) {
    const fault = unstorable(value, []);
    if (fault) throw new Refusal('invalid', `${fault.path}: ${fault.message}`, [fault]);
  }
  return value;
}

/** Levels of a body; what is nested deeper would overflow the stack of whatever walks it. */
const maxDepth = 100;

/** Whether valid JSON is nested deeper than so many levels. */
function deeperThan(json: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const char = json.charCodeAt(at);
    if (inString) {
      if (char === 0x5c /* backslash */) at += 1;
      else if (char === 0x22 /* quote */) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      depth += 1;
      if (depth > levels) return true;
    } else if (char === 0x7d || char === 0x5d) depth -= 1;
  }
  return false;
}

/** The first text in a JSON value that cannot be stored, or null. */
export function unstorable(value: unknown, path: readonly string[]): { path: string; message: string } | null {
  if (typeof value === 'string') {
    const message = textFault(value);
    return message === null ? null : { path: path.join('.'), message };
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const fault = unstorable(key, path) ?? unstorable(inner, [...path, key]);
    if (fault) return fault;
  }
  return null;
}
