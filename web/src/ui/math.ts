import DOMPurify from 'dompurify';
import katex from 'katex';

const purify = DOMPurify();

/** The MathML of a formula, or null where it is not one. MathML needs neither inline styles nor fonts of its own. */
export function mathNodes(tex: string, block: boolean): DocumentFragment | null {
  try {
    const markup = katex.renderToString(tex, {
      output: 'mathml',
      displayMode: block,
      throwOnError: true,
      maxExpand: 500,
      strict: 'ignore',
      // Commands that reach outside a formula (links, HTML, pictures) are errors: their source is shown.
      trust: () => {
        throw new Error('not allowed');
      },
    });
    // The TeX source rides along in an annotation that DOMPurify would turn into visible text.
    const plain = markup.replace(/<annotation[\s\S]*?<\/annotation>/g, '');
    return purify.sanitize(plain, { USE_PROFILES: { mathMl: true, html: true }, RETURN_DOM_FRAGMENT: true });
  } catch {
    return null;
  }
}
