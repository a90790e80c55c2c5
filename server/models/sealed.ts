import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/*
 * Keys of model servers as the database holds them: AES-256-GCM with a random nonce of 96 bits, under a key that HKDF draws
 * from the app's secret. The text form is `v1.nonce.tag.ciphertext`, each part in base64url. What it belongs to is
 * authenticated with it, so that a sealed key copied to the row of another model cannot be opened there.
 */
const version = 'v1';
const cipher = 'aes-256-gcm';
const nonceBytes = 12;

export function seal(secret: string, owner: string, text: string): string {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, keyFrom(secret), nonce).setAAD(Buffer.from(owner));
  const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
  return [version, ...[nonce, sealing.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
}

/** Null where it cannot be opened: the secret is another one, or the text was changed. */
export function unseal(secret: string, owner: string, sealed: string): string | null {
  const [form, nonce = '', tag = '', text = ''] = sealed.split('.');
  if (form !== version) return null;
  try {
    const opening = createDecipheriv(cipher, keyFrom(secret), Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
      .setAAD(Buffer.from(owner))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([opening.update(Buffer.from(text, 'base64url')), opening.final()]).toString('utf8');
  } catch {
    return null;
  }
}

/** The last one is kept: an app has one secret, and drawing the key again costs more than opening with it. */
let last: { secret: string; key: Buffer } | null = null;

function keyFrom(secret: string): Buffer {
  if (last?.secret !== secret) {
    last = { secret, key: Buffer.from(hkdfSync('sha256', secret, '', 'duologue: keys of model servers', 32)) };
  }
  return last.key;
}
