/** Letters below so many bytes of UTF-8 do not tell a language: 20 Latin ones, 10 Cyrillic, 7 Chinese. */
const minBytes = 20;
/** The detector looks at so much of a text, in UTF-16 code units; more costs time and tells no more. */
const maxCharacters = 300;

/** The language in which a text is written (ISO 639-1), or null where it cannot be told. */
export type Detect = (text: string) => string | null;

/** ELD with its small database, which takes some 40 MB: it is loaded when it is first needed. */
export async function loadDetector(): Promise<Detect> {
  const { eld } = await import('eld/small');
  const detector = eld.newInstance();
  // Web addresses and the like are of no language.
  detector.enableTextCleanup(true);
  return (text) => {
    const head = text.slice(0, maxCharacters);
    if (Buffer.byteLength(head.replace(/[^\p{L}\p{M}]+/gu, '')) < minBytes) return null;
    const found = detector.detect(head);
    return found.language !== '' && found.isReliable() ? found.language : null;
  };
}

/**
 * A language as an import names it (`pt-BR`, `en_US`, `deu`), as its code of ISO 639-1, or that of 639-3 where it has no such;
 * null where that is no language.
 */
export function languageCode(named: string): string | null {
  try {
    const { language } = new Intl.Locale(named.trim().replaceAll('_', '-'));
    return /^[a-z]{2,3}$/.test(language) && language !== 'und' ? language : null;
  } catch {
    return null;
  }
}
