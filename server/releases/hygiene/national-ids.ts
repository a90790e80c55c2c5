/** A kind of number that a state gives to a person. */
export interface NationalId {
  /** ISO 3166-1. */
  readonly country: string;
  readonly name: string;
  /** How it is written; a letter or a digit more on either side, and it is something else. */
  readonly pattern: RegExp;
  /** Whether it can be one. `text` is without blanks, dots and dashes. */
  readonly holds: (text: string) => boolean;
}

const digitsOf = (text: string): number[] => [...text].map(Number);

/** The sum of digits, each times its weight. */
const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * (digits[at] ?? 0), 0);

/** Social security number: no area 000, 666 or 9xx, no group 00, no serial 0000, nor those that advertisements made known (SSA). */
function isSsn(text: string): boolean {
  const known = ['078051120', '219099999', '123456789'];
  return !/^(000|666|9)/.test(text) && !/^...00/.test(text) && !text.endsWith('0000') && !known.includes(text);
}

/** National insurance number: prefixes that are not given out (HMRC, NIM39110). */
function isNino(text: string): boolean {
  return !/^(BG|GB|KN|NK|NT|TN|ZZ)/.test(text);
}

/** DNI, and NIE with X, Y, Z for 0, 1, 2: the letter is the number modulo 23 (Ministerio del Interior). */
function isDni(text: string): boolean {
  const number = Number(text.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === text.at(-1);
}

/** NIR: the key is 97 less the number modulo 97; the departments of Corsica, 2A and 2B, count as 19 and 18 (INSEE). */
function isNir(text: string): boolean {
  const number = text.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return 97n - (BigInt(number) % 97n) === BigInt(text.slice(13));
}

/**
 * Steuer-ID: of the first ten digits one stands there twice or three times and no other more than once; the last is the check
 * digit of ISO 7064, MOD 11,10 (BZSt).
 */
function isSteuerId(text: string): boolean {
  const digits = digitsOf(text);
  const times = new Map<number, number>();
  for (const digit of digits.slice(0, 10)) times.set(digit, (times.get(digit) ?? 0) + 1);
  const repeated = [...times.values()].filter((count) => count > 1);
  if (repeated.length !== 1 || (repeated[0] ?? 0) > 3) return false;
  let product = 10;
  for (const digit of digits.slice(0, 10)) product = (2 * ((digit + product) % 10 || 10)) % 11;
  return (11 - product) % 10 === digits[10];
}

const oddPlaces = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/**
 * Codice fiscale: digits and letters have a value each, another one at odd places than at even ones; their sum modulo 26 is the
 * last letter (D.M. 23/12/1976).
 */
function isCodiceFiscale(text: string): boolean {
  let sum = 0;
  for (let at = 0; at < 15; at += 1) {
    const code = text.charCodeAt(at);
    const value = code < 58 ? code - 48 : code - 65;
    sum += at % 2 === 0 ? (oddPlaces[value] ?? 0) : value;
  }
  return text.charCodeAt(15) - 65 === sum % 26;
}

const products = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
  [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
  [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
  [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
  [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
  [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
  [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
  [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];
const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Aadhaar: the last digit makes the check of Verhoeff (Error detecting decimal codes, 1969), over the dihedral group D5, come to 0. */
export function isVerhoeff(text: string): boolean {
  let check = 0;
  for (const [place, digit] of digitsOf(text).reverse().entries()) {
    let moved = digit;
    for (let times = place % 8; times > 0; times -= 1) moved = permutation[moved] ?? 0;
    check = products[check]?.[moved] ?? 0;
  }
  return check === 0;
}

/** CPF: two check digits, each 11 less the weighted sum modulo 11, or 0 where that is above 9 (Receita Federal). */
function isCpf(text: string): boolean {
  if (/^(\d)\1*$/.test(text)) return false;
  const digits = digitsOf(text);
  const check = (weights: readonly number[]): number => ((weighted(digits, weights) * 10) % 11) % 10;
  return check([10, 9, 8, 7, 6, 5, 4, 3, 2]) === digits[9] && check([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === digits[10];
}

/** `shape` between what may stand around a number; the first character comes first, so that most places are passed by quickly. */
function numbered(first: string, rest: string): RegExp {
  return new RegExp(`${first}(?<!(?:[\\p{L}\\p{N}_-]|\\p{N}\\.)${first})${rest}(?![\\p{L}\\p{N}_]|[-.]\\p{N})`, 'gu');
}

/**
 * Numbers that can be told from others by their check digits, or by how they are written. Bare runs of digits with a weak check
 * are not looked for: one in ten of all numbers would pass as an Aadhaar.
 */
export const nationalIds: readonly NationalId[] = [
  { country: 'US', name: 'SSN', pattern: numbered('[0-8]', '\\d{2}([- ])\\d{2}\\1\\d{4}'), holds: isSsn },
  {
    ...{ country: 'GB', name: 'NINO', holds: isNino },
    pattern: numbered('[A-CEGHJ-PR-TW-Z]', '[A-CEGHJ-NPR-TW-Z] ?\\d{2} ?\\d{2} ?\\d{2} ?[A-D]'),
  },
  { country: 'ES', name: 'DNI', pattern: numbered('\\d', '\\d{7}[- ]?[A-HJ-NP-TV-Z]'), holds: isDni },
  { country: 'ES', name: 'NIE', pattern: numbered('[XYZ]', '[- ]?\\d{7}[- ]?[A-HJ-NP-TV-Z]'), holds: isDni },
  {
    ...{ country: 'FR', name: 'NIR', holds: isNir },
    pattern: numbered(
      '[12]',
      ' ?\\d{2} ?(?:0[1-9]|1[0-2]|[2-4]\\d|[5-9]\\d) ?(?:\\d{2}|2[AB]) ?\\d{3} ?\\d{3} ?\\d{2}',
    ),
  },
  { country: 'DE', name: 'Steuer-ID', pattern: numbered('[1-9]', '\\d ?\\d{3} ?\\d{3} ?\\d{3}'), holds: isSteuerId },
  {
    ...{ country: 'IT', name: 'codice fiscale', holds: isCodiceFiscale },
    pattern: numbered('[A-Z]', '[A-Z]{5}[\\dL-NP-V]{2}[A-EHLMPRST][\\dL-NP-V]{2}[A-Z][\\dL-NP-V]{3}[A-Z]'),
  },
  {
    country: 'IN',
    name: 'Aadhaar',
    pattern: numbered('[2-9](?<!\\d[- ].)', '\\d{3}([- ])\\d{4}\\1\\d{4}(?![- ]\\d)'),
    holds: isVerhoeff,
  },
  { country: 'BR', name: 'CPF', pattern: numbered('\\d', '\\d{2}\\.?\\d{3}\\.?\\d{3}-\\d{2}'), holds: isCpf },
];
