import { isIP } from 'node:net';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { PiiKind } from '../../../shared/releases.ts';
import { nationalIds } from './national-ids.ts';

/** Where in a text personal data stands, in UTF-16 code units; `end` is behind it. */
export interface Found {
  readonly kind: PiiKind;
  readonly start: number;
  readonly end: number;
}

/*
 * What is found here is likely to be what it seems: a scan that marks every number is of no use to anyone. Every pattern is bounded,
 * so that no text takes longer than its length allows. Names and postal addresses are not looked for.
 */

/**
 * Personal data of these kinds in a text, in its order, without overlaps: of two that overlap the longer one is told, of two as
 * long the one whose kind comes first in `finders`.
 */
export function find(text: string, kinds: readonly PiiKind[]): Found[] {
  const found = finders
    .flatMap(([kind, finder]) =>
      kinds.includes(kind) ? [...finder(text)].map(([start, end]): Found => ({ kind, start, end })) : [],
    )
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  const apart: Found[] = [];
  for (const one of found) {
    const before = apart.at(-1);
    if (before === undefined || one.start >= before.end) apart.push(one);
    else if (one.end - one.start > before.end - before.start) apart[apart.length - 1] = one;
  }
  return apart;
}

const masks: Record<PiiKind, string> = {
  email: '[EMAIL]',
  phone: '[PHONE]',
  card: '[CARD]',
  national_id: '[NATIONAL_ID]',
  ip_address: '[IP_ADDRESS]',
};

/** The text with what was found in it put out of sight. */
export function mask(text: string, found: readonly Found[]): string {
  let masked = '';
  let from = 0;
  for (const { kind, start, end } of found) {
    masked += text.slice(from, start) + masks[kind];
    from = end;
  }
  return masked + text.slice(from);
}

type Finder = (text: string) => Iterable<[start: number, end: number]>;

const finders: readonly [PiiKind, Finder][] = [
  ['email', emails],
  ['card', cards],
  ['national_id', ids],
  ['ip_address', addresses],
  ['phone', phones],
];

// ---- emails ----

/** Longest part before the @ and longest domain, in characters (RFC 5321, 4.5.3.1). */
const maxLocal = 64;
const maxDomain = 255;
const localEnd = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]+$/u;
const domainStart =
  /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62}\.)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62}\.))*\p{L}{2,24}(?![\p{L}\p{N}_])/u;
/** What stands around an address in a text and is not of it. */
const quotes = /^['"`.*_/=|{]+/;

/** Goes from each @ to either side: a pattern that begins at every letter would take the square of a long word's length. */
function* emails(text: string): Generator<[number, number]> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const domain = domainStart.exec(text.slice(at + 1, at + 1 + maxDomain))?.[0];
    if (domain === undefined) continue;
    const before = localEnd.exec(text.slice(Math.max(0, at - maxLocal - 1), at))?.[0] ?? '';
    const local = before.replace(quotes, '');
    // `icon@2x.png` is a picture.
    if (local === '' || local.length > maxLocal || local.endsWith('.') || /^\dx\./.test(domain)) continue;
    yield [at - local.length, at + 1 + domain.length];
  }
}

// ---- cards ----

const card = /\d(?<!(?:[\p{L}\p{N}_]|\p{N}[.,-])\d)\d{3}(?:[ -]?\d){9,15}/gu;

/** By their first digits: how many they have (ISO/IEC 7812; the ranges as the issuers tell them). */
const issuers: readonly [prefix: RegExp, lengths: readonly number[]][] = [
  [/^4/, [13, 16, 19]],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^3(0[0-5]|[689])/, [14, 15, 16, 17, 18, 19]],
  [/^(6011|64[4-9]|65)/, [16, 17, 18, 19]],
  [/^35(2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(50|5[6-8]|63|67)/, [16, 17, 18, 19]],
];

function* cards(text: string): Generator<[number, number]> {
  card.lastIndex = 0;
  for (let match = card.exec(text); match !== null; match = card.exec(text)) {
    const length = cardIn(match[0], text[match.index + match[0].length] ?? '');
    if (length !== null) yield [match.index, match.index + length];
    // What follows the first digits may begin one too.
    card.lastIndex = match.index + (length ?? /^\d+/.exec(match[0])?.[0].length ?? 1);
  }
}

/** How long the card's number is with which this begins; null where there is none. It may end where the next digits are apart. */
function cardIn(written: string, next: string): number | null {
  const ends = [...written.matchAll(/\d(?!\d)/g)].map(({ index }) => index + 1);
  for (const end of ends.reverse()) {
    if (end === written.length && /[\p{L}\p{N}_]/u.test(next)) continue;
    const part = written.slice(0, end);
    const digits = part.replace(/[ -]/g, '');
    if (digits.length < 13) return null;
    const separators = new Set(part.replace(/\d/g, ''));
    const known = issuers.some(([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length));
    if (known && separators.size <= 1 && isLuhn(digits)) return end;
  }
  return null;
}

/** The check digit of cards: every second digit from the right doubled, the sum of all digits divides by 10 (Luhn; ISO/IEC 7812-1, annex B). */
export function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const counted = place % 2 === 1 ? 2 * digit : digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

// ---- national ids ----

function* ids(text: string): Generator<[number, number]> {
  for (const { pattern, holds } of nationalIds)
    for (const { 0: written, index } of text.matchAll(pattern))
      if (holds(written.replace(/[ .-]/g, ''))) yield [index, index + written.length];
}

// ---- IP addresses ----

const dotted = /\d(?<!(?:[\p{L}\p{N}_.-]|\p{L}\/)\d)\d{0,2}(?:\.\d{1,3}){3}(?![\p{L}\p{N}_]|[.-]\p{N})/gu;
const colons =
  /[0-9A-Fa-f:](?<![\p{L}\p{N}_:.][0-9A-Fa-f:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?![\p{L}\p{N}_]|:[0-9A-Fa-f:])/gu;
const versionBefore = /(?:version|release|firmware|build|section|chapter|ver|rev)[.:]? *=? *$/i;

/**
 * Addresses of version 4 and 6, private ones too: with the rest of a log they lead to a person. Not those that are nobody's (this
 * host, any host, masks, multicast), nor what is rather a version or a section: four numbers of one digit each (with them go 1.1.1.1
 * and 8.8.8.8, which are nobody's either), or what stands behind such a word. Of version 6, those with at least three groups and a
 * digit: `a::b` is a name in a program.
 */
function* addresses(text: string): Generator<[number, number]> {
  for (const { 0: written, index } of text.matchAll(dotted)) {
    if (isIP(written) !== 4) continue;
    const first = Number(written.split('.')[0]);
    if (first === 0 || first === 127 || first >= 224 || written.length === 7) continue;
    if (versionBefore.test(text.slice(Math.max(0, index - 20), index))) continue;
    yield [index, index + written.length];
  }
  for (const { 0: written, index } of text.matchAll(colons)) {
    const groups = written.split(':').filter((group) => group !== '');
    if (groups.length >= 3 && /\d/.test(written) && isIP(written) === 6) yield [index, index + written.length];
  }
}

// ---- phone numbers ----

const separators = '[ .\\-/()\\u00a0]{0,3}';
const international = new RegExp(
  `[+0](?<![\\p{L}\\p{N}+.,-][+0])(?:(?<=\\+)|0(?=[1-9]))${separators}\\d(?:${separators}\\d){6,16}`,
  'gu',
);

/** The first character comes first, so that most places are passed by quickly; then what must not stand before it. */
const shape = (first: string, rest: string): string => `${first}(?<!(?:[\\p{L}\\p{N}_+-]|\\p{N}[., ])${first})${rest}`;
const alone = (...shapes: string[]): RegExp =>
  new RegExp(`(?:${shapes.join('|')})(?![\\p{L}\\p{N}_]|[-.]\\p{N})`, 'gu');

/** How numbers are written within countries where that alone tells them from other numbers. */
const national: readonly [country: CountryCode, pattern: RegExp][] = [
  [
    'US',
    alone(
      shape('\\(', '[2-9]\\d\\d\\) ?\\d{3}[-. ]\\d{4}'),
      shape('[2-9]', '\\d\\d([-.])\\d{3}\\1\\d{4}'),
      shape('1', '[-. ](?:\\([2-9]\\d\\d\\) ?|[2-9]\\d\\d[-.])\\d{3}[-.]\\d{4}'),
    ),
  ],
  ['FR', alone(shape('0', '[1-9]([ .-])\\d{2}(?:\\1\\d{2}){3}(?! \\d)'))],
  [
    'GB',
    alone(
      ...[shape('0', '\\d{2,4}'), shape('\\(', '0\\d{2,4}\\)')].map(
        (area) => `${area} (?:\\d{6}|\\d{3,4} \\d{4}|\\d{3} \\d{3})(?! \\d)`,
      ),
    ),
  ],
];

/**
 * Numbers in the international form (+ or 00), and in the few national ones that are told by their shape. All are valid by the
 * numbering plans that libphonenumber knows.
 */
function* phones(text: string): Generator<[number, number]> {
  for (const { 0: written, index } of text.matchAll(international)) {
    const length = phoneIn(written, text[index + written.length] ?? '');
    if (length !== null) yield [index, index + length];
  }
  for (const [country, pattern] of national)
    for (const { 0: written, index } of text.matchAll(pattern))
      if (parsePhoneNumberFromString(written, country)?.isValid()) yield [index, index + written.length];
}

/** Digits of the longest number, with its country's code (E.164), and of the shortest that is looked for. */
const [maxDigits, minDigits] = [15, 8];
/** To try a number costs some 20 microseconds. */
const maxTries = 4;
const dateBehind = / (?:19|20)\d\d-\d/;

/** How long the number is with which this begins; null where there is none. It may end where the next digits are apart. */
function phoneIn(written: string, next: string): number | null {
  const date = written.search(dateBehind);
  const whole = date < 0 ? written : written.slice(0, date);
  const ends = [...whole.matchAll(/\d(?!\d)/g)].map(({ index }) => index + 1);
  let tries = 0;
  for (const end of ends.reverse()) {
    if (end === written.length && /[\p{L}\p{N}_]/u.test(next)) continue;
    const part = whole.slice(0, end).replace(/^00/, '+');
    const digits = part.replace(/\D/g, '').length;
    if (digits < minDigits || tries === maxTries) return null;
    // Behind 00 there is no telling it from other numbers, unless its parts stand apart.
    if (digits > maxDigits || (written.startsWith('0') && !/\d\D+\d/.test(part))) continue;
    tries += 1;
    if (parsePhoneNumberFromString(part)?.isValid()) return end;
  }
  return null;
}
