import { expect, test } from 'vitest';
import { seal, unseal } from '../../server/models/sealed.ts';

test('what was sealed is opened by the same secret for the same model only', () => {
  const sealed = seal('a secret', 'model 1', 'sk-key-ü');
  expect(sealed).toMatch(/^v1\.[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(sealed).not.toContain('sk-key');
  expect(unseal('a secret', 'model 1', sealed)).toBe('sk-key-ü');
  expect(unseal('another secret', 'model 1', sealed)).toBeNull();
  expect(unseal('a secret', 'model 2', sealed)).toBeNull();
});

test('no two are alike, and a changed or foreign text opens to nothing', () => {
  const sealed = seal('a secret', 'model 1', 'sk-key');
  expect(seal('a secret', 'model 1', 'sk-key')).not.toBe(sealed);
  const [version, nonce, tag, text] = sealed.split('.');
  const other = seal('a secret', 'model 1', 'sk-yek').split('.');
  expect(unseal('a secret', 'model 1', [version, nonce, tag, other[3]].join('.'))).toBeNull();
  expect(unseal('a secret', 'model 1', [version, nonce, (tag ?? '').slice(0, 6), text].join('.'))).toBeNull();
  for (const nonsense of ['', 'v1', 'v1.a.b.c', 'v2' + sealed.slice(2), 'sk-key'])
    expect(unseal('a secret', 'model 1', nonsense)).toBeNull();
});
