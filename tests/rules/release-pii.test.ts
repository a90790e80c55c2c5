import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Example, Facts } from '../../server/releases/examples.ts';
import { isVerhoeff } from '../../server/releases/hygiene/national-ids.ts';
import { find, isLuhn, mask } from '../../server/releases/hygiene/pii.ts';
import { scanExample } from '../../server/releases/hygiene/scan.ts';
import { type PiiKind, piiKinds } from '../../shared/releases.ts';

const found = (text: string, kinds: readonly PiiKind[] = piiKinds): string[] =>
  find(text, kinds).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);

/** Numbers that issuers and states publish as examples, or that are made up to pass their checks. */
const present: [text: string, ...found: string[]][] = [
  ['Write to ann@example.com, please.', 'email ann@example.com'],
  ['(bob.smith+x@mail.example.co.uk)', 'email bob.smith+x@mail.example.co.uk'],
  ["'o.brien@example.ie' and <a@b.io>", 'email o.brien@example.ie', 'email a@b.io'],
  ['jürgen@müller.de, user@例え.jp', 'email jürgen@müller.de', 'email user@例え.jp'],
  ['mailto:ann@example.com?subject=x', 'email ann@example.com'],
  ['Call +44 20 7946 0958 now', 'phone +44 20 7946 0958'],
  ['tel:+1-202-555-0123.', 'phone +1-202-555-0123'],
  ['+12025550123', 'phone +12025550123'],
  ['+49 30 901820 2024-01-01', 'phone +49 30 901820'],
  ['0049 30 901820', 'phone 0049 30 901820'],
  ['(415) 555-2671 or 415-555-2672', 'phone (415) 555-2671', 'phone 415-555-2672'],
  ['1-415-555-2671, 415.555.2672', 'phone 1-415-555-2671', 'phone 415.555.2672'],
  ['Appelez le 06 12 34 56 78', 'phone 06 12 34 56 78'],
  ['in London 020 7946 0958', 'phone 020 7946 0958'],
  ['card 4111 1111 1111 1111 exp 12/25', 'card 4111 1111 1111 1111'],
  ['4111-1111-1111-1111 123', 'card 4111-1111-1111-1111'],
  ['5500005555555559, 378282246310005', 'card 5500005555555559', 'card 378282246310005'],
  ['30569309025904 6011111111111117', 'card 30569309025904', 'card 6011111111111117'],
  ['2223003122003222', 'card 2223003122003222'],
  ['SSN: 536-90-4399', 'national_id 536-90-4399'],
  ['NINO AB 12 34 56 C or AB123456C', 'national_id AB 12 34 56 C', 'national_id AB123456C'],
  ['DNI 12345678Z, NIE X1234567L', 'national_id 12345678Z', 'national_id X1234567L'],
  ['1 85 05 78 006 084 91', 'national_id 1 85 05 78 006 084 91'],
  ['Steuer-ID 86095742719 (65 929 970 489)', 'national_id 86095742719', 'national_id 65 929 970 489'],
  ['C.F. RSSMRA85T10A562S', 'national_id RSSMRA85T10A562S'],
  ['Aadhaar 2341 2341 2346', 'national_id 2341 2341 2346'],
  ['CPF 529.982.247-25', 'national_id 529.982.247-25'],
  ['from 10.20.30.40:8080 to http://192.168.1.17/', 'ip_address 10.20.30.40', 'ip_address 192.168.1.17'],
  ['ping 2001:db8::8a2e:370:7334.', 'ip_address 2001:db8::8a2e:370:7334'],
  ['[fe80::1ff:fe23:4567:890a]', 'ip_address fe80::1ff:fe23:4567:890a'],
];

const absent: string[] = [
  // dates, times, numbers
  ...[
    '2024-11-20',
    '20/11/2024',
    '2024-11-20T14:30:00Z',
    '12:30:45',
    '1700000000000',
    '1,234,567,890',
    '1 234 567 890',
  ],
  ...[
    '3.14159265358979',
    'pi is 3.1415926535 8979323846',
    '(x+1)(x-1) = 12345678',
    '2 + 2 = 4',
    '+1000000000',
    '00123456789',
  ],
  // ISBN, EAN, versions, sections, MAC addresses, names in programs, decorators, packages, pictures
  ...['ISBN 978-3-16-148410-0', '9783161484100', 'ISBN 0-306-40615-2', '4006381333931'],
  ...[
    '1.2.3.4',
    'v1.12.13.14',
    'version 10.20.30.40',
    'Chrome/110.0.5481.177',
    'Safari/10.12.13.14',
    '1.2.3.4.5',
    '10.20.30.400',
  ],
  ...['127.0.0.1', '0.0.0.0', '255.255.255.0', '8.8.8.8', '::1', 'std::vector', 'a::b', '00:1B:44:11:3A:B7'],
  ...['@app.route', 'a@b', 'svelte@5.1.0', 'icon@2x.png', 'user@localhost'],
  // numbers whose check fails, or that are known to be nobody's
  ...['4111 1111 1111 1112', '4111111111111112', '536-00-4399', '666-90-4399', '900-90-4399', '078-05-1120'],
  ...['QQ123456C', 'BG123456C', '12345678A', 'X1234567A', '1 85 05 78 006 084 92', '86095742718', '11111111111'],
  ...[
    'RSSMRA85T10A562T',
    '2341 2341 2347',
    '529.982.247-26',
    '111.111.111-11',
    '0000 0000 0000 0000',
    '+44 20 7946 09',
  ],
];

describe('personal data', () => {
  it.each(present)('is found in %s', (text, ...expected) => {
    expect(found(text)).toEqual(expected);
    // Whatever stands around it.
    expect(found(`(${text})`)).toEqual(expected);
    expect(found(`Says 😀: ${text}\n`)).toEqual(expected);
  });

  it.each(absent)('is not found in %s', (text) => expect(found(`It is ${text} here.`)).toEqual([]));

  it('is found of the kinds that were asked for', () => {
    const text = 'ann@example.com +12025550123 10.20.30.40';
    expect(found(text, ['phone'])).toEqual(['phone +12025550123']);
    expect(found(text, ['ip_address', 'email'])).toEqual(['email ann@example.com', 'ip_address 10.20.30.40']);
    expect(found(text, [])).toEqual([]);
  });

  it('is masked, and stands nowhere twice', () => {
    const text = 'To ann@example.com: 4111 1111 1111 1111, or 10.20.30.40; +12025550123, 536-90-4399';
    expect(mask(text, find(text, piiKinds))).toBe('To [EMAIL]: [CARD], or [IP_ADDRESS]; [PHONE], [NATIONAL_ID]');
    const piece = fc.constantFrom(
      '4111 ',
      '1111-',
      '+1 202 555 0123',
      'a@b.io',
      '.',
      ' ',
      '10.2',
      '::1',
      '020 79',
      'Z',
      '12345678',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const joined = pieces.join('');
        const all = find(joined, piiKinds);
        for (const [at, { start, end }] of all.entries()) {
          expect(start).toBeLessThan(end);
          expect(start).toBeGreaterThanOrEqual(all[at - 1]?.end ?? 0);
        }
      }),
    );
  });

  it('is looked for in a time that grows with the text, whatever it is', () => {
    const pieces = [
      'a',
      '@',
      'a@',
      '1',
      '1 ',
      '4111 ',
      '+1',
      '+',
      '(',
      '0',
      '00 1 ',
      ':',
      'a:',
      '1.',
      '1-',
      'A',
      'a.',
      'AB12',
      '-',
      '1234567Z',
      '\u00a0',
    ];
    const lines = [
      '+1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 ',
      '4444 44 44 44 44 44 44 44 ',
      '(415) 555-267',
      '06 12 34 56 ',
      'ann@example.co1 ',
    ];
    for (const piece of [...pieces, ...lines, ...pieces.map((end) => `a@${end}`)]) {
      const text = piece.repeat(Math.ceil(30_000 / piece.length));
      const began = process.cpuUsage();
      find(text, piiKinds);
      const { user, system } = process.cpuUsage(began);
      // The worst take some 100 ms; a square of the length would take minutes.
      expect([piece, (user + system) / 1_000 < 3_000]).toEqual([piece, true]);
    }
  });

  it('goes by checks that their definitions give examples of', () => {
    // ISO/IEC 7812-1, annex B; Verhoeff's own example.
    expect([isLuhn('79927398713'), isLuhn('79927398710')]).toEqual([true, false]);
    expect([isVerhoeff('2363'), isVerhoeff('2364')]).toEqual([true, false]);
  });
});

describe('an example', () => {
  const facts: Facts = {
    ...{ id: 'id', conversationId: 'c', group: 'g', root: 'root-1', trainers: [], round: null, task: null },
    ...{ origin: 'human', language: null, source: null, createdAt: new Date(0), activeMs: 0, models: [] },
  };
  const email = 'me@example.com';
  const prompt = [{ role: 'user' as const, content: `${'x'.repeat(50)} ${email}` }];
  const completion = { id: 'm', content: `${email}!`, model: email };
  const compared = {
    ...{
      prompt,
      groupId: 'g',
      k: 2,
      rankingId: null,
      ranker: email,
      samplingId: null,
      originalId: null,
      agreement: null,
    },
  };
  const feedback = { thumb: null, text: email, report: { reason: 'false' as const, text: email } };
  const examples: [Example, findings: number][] = [
    [{ ...facts, shape: 'dialogue', turns: prompt.map((turn) => ({ ...turn, trained: true })), trainer: email }, 1],
    [{ ...facts, ...compared, shape: 'pair', chosen: completion, rejected: completion, distance: 1, margin: null }, 3],
    [{ ...facts, ...compared, shape: 'ranked', completions: [completion, completion], ranks: [1, 2] }, 3],
    [{ ...facts, shape: 'judged', prompt, completion, good: true }, 2],
    [{ ...facts, ...compared, shape: 'rated', completion, rankingId: 'r', rank: 1, rating: null }, 2],
    [{ ...facts, shape: 'prompt', prompt }, 1],
    [{ ...facts, shape: 'said', prompt, completion, feedback, trainer: email }, 4],
    [
      {
        ...{ ...facts, shape: 'tree', treeId: email, extra: { note: { by: [email, 1, null] } } },
        messages: [
          {
            ...{
              id: 'm',
              externalId: email,
              parentId: null,
              role: 'user',
              content: email,
              model: null,
              written: 'import',
            },
            ...{ rank: null, extra: { detoxify: 0.1, note: email } },
          },
        ],
      },
      3,
    ],
  ];

  it.each(examples)('has all its texts looked through, and is masked as it is: %s', (example, findings) => {
    const scanned = scanExample(example, piiKinds);
    expect(scanned.findings).toHaveLength(findings);
    // Names and ids are no texts.
    const expected = JSON.stringify(example, (key, value: unknown) =>
      typeof value === 'string' && !['model', 'ranker', 'trainer', 'treeId', 'externalId'].includes(key)
        ? value.replace(email, '[EMAIL]')
        : value,
    );
    expect(JSON.stringify(scanned.masked)).toBe(expected);
    expect(scanExample(scanned.masked, piiKinds)).toEqual({ findings: [], masked: scanned.masked });
  });

  it('tells what stands around, and cuts no character in two', () => {
    const content = `${'😀'.repeat(30)}. ${email} ,${'😀'.repeat(30)}`;
    const { findings } = scanExample({ ...facts, shape: 'prompt', prompt: [{ role: 'user', content }] }, piiKinds);
    const [one] = findings;
    expect(one).toMatchObject({ kind: 'email', found: email });
    expect(one?.before).toBe(`${'😀'.repeat(19)}. `);
    expect(one?.after).toBe(` ,${'😀'.repeat(19)}`);
    expect(scanExample({ ...facts, shape: 'prompt', prompt }, piiKinds).findings[0]?.before).toBe(`${'x'.repeat(39)} `);
  });
});
