import { createHash, randomBytes } from 'node:crypto';

/** 32 random bytes in base64url: more than can be guessed, so a fast hash of it is safe to store. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256 in hexadecimal: how session ids, API tokens and invitation tokens are stored. Not for passwords. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
