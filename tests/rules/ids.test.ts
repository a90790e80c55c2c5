import { validate, version } from 'uuid';
import { describe, expect, it, vi } from 'vitest';
import { newId } from '../../server/db/ids.ts';

describe('newId', () => {
  it('makes ids of version 7 that grow, also within one millisecond and where the clock goes back', () => {
    const ids = Array.from({ length: 20_000 }, newId);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 60_000);
    ids.push(...Array.from({ length: 1_000 }, newId));
    clock.mockRestore();
    ids.push(newId());
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
    expect(ids.findIndex((id, index) => index > 0 && id <= (ids[index - 1] ?? ''))).toBe(-1);
    expect(new Set(ids.map((id) => id.slice(-12))).size, 'random ends').toBe(ids.length);
  });
});
