import DOMPurify from 'dompurify';
import { Marked, type TokenizerAndRendererExtension } from 'marked';

/**
 * Markdown as people and models write it, into nodes that are safe to show: marked makes HTML, DOMPurify has the last
 * word. Raw HTML in the text is shown as the text it is. Nothing remote is loaded: images become links, for fetching
 * one would tell its host that somebody reads this.
 */

const mathInline: TokenizerAndRendererExtension = {
  name: 'math',
  level: 'inline',
  start: (source) => source.match(/\$|\\[([]/)?.index,
  tokenizer(source) {
    // As in Pandoc: no space inside the dollars and no digit after them, so that "$5 and $10" stay prices.
    const found =
      /^\$\$([^$]{1,4000}?)\$\$/.exec(source) ??
      /^\\\[([\s\S]{1,4000}?)\\\]/.exec(source) ??
      /^\\\(([\s\S]{1,4000}?)\\\)/.exec(source) ??
      /^\$(?![\s$])((?:\\.|[^$\\\n]){1,2000}?)(?<!\s)\$(?!\d)/.exec(source);
    if (!found) return undefined;
    return { type: 'math', raw: found[0], text: found[1] ?? '', block: /^(\$\$|\\\[)/.test(found[0]) };
  },
  renderer: ({ text, block }) => `<span class="math" data-block="${block === true}">${escaped(String(text))}</span>`,
};

const mathBlock: TokenizerAndRendererExtension = {
  name: 'mathBlock',
  level: 'block',
  start: (source) => source.match(/(?:^|\n) {0,3}(?:\$\$|\\\[)/)?.index,
  tokenizer(source) {
    const found =
      /^ {0,3}\$\$([^$]{1,4000}?)\$\$[ \t]*(?:\n|$)/.exec(source) ??
      /^ {0,3}\\\[([\s\S]{1,4000}?)\\\][ \t]*(?:\n|$)/.exec(source);
    return found ? { type: 'mathBlock', raw: found[0], text: found[1] ?? '' } : undefined;
  },
  renderer: ({ text }) => `<p><span class="math" data-block="true">${escaped(String(text))}</span></p>`,
};

const marked = new Marked({
  gfm: true,
  // People and models alike mean the line breaks that they make.
  breaks: true,
  extensions: [mathBlock, mathInline],
  renderer: {
    html: ({ text }) => (/^<br\s*\/?>$/i.test(text) ? '<br>' : escaped(text)),
    // Not a heading of the page: its outline is not the text's.
    heading({ tokens, depth }) {
      return `<p class="heading level-${depth}">${this.parser.parseInline(tokens)}</p>`;
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    image: ({ href, text }) => `<a href="${escaped(href)}">[image${text ? `: ${escaped(text)}` : ''}]</a>`,
    code: ({ text, lang = '' }) =>
      `<div class="code" data-language="${escaped(/^\S*/.exec(lang)?.[0] ?? '')}"><pre dir="ltr"><code>${escaped(text)}</code></pre></div>`,
  },
});

const purify = DOMPurify();
const blocks = new Set(['P', 'UL', 'OL', 'BLOCKQUOTE', 'TH', 'TD']);
purify.addHook('afterSanitizeAttributes', (node) => {
  // Each block finds its own direction: an Arabic paragraph may follow an English one. Inside a list or quotation there is
  // one direction, that of its bullets and its bar; code and formulas have theirs and do not count.
  if (node.tagName === 'CODE' || node.className === 'math') node.setAttribute('dir', 'ltr');
  else if (blocks.has(node.tagName) && !node.parentElement?.closest('ul, ol, blockquote'))
    node.setAttribute('dir', 'auto');
  if (node.tagName === 'A') {
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer nofollow');
  }
});
const allowed = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'ul', 'ol', 'li', 'blockquote', 'pre', 'code', 'div', 'span'],
    ...['a', 'strong', 'em', 'del', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  ALLOWED_ATTR: ['href', 'title', 'class', 'dir', 'start', 'align', 'data-language', 'data-block'],
  ALLOW_DATA_ATTR: false,
  // What is no address need not look like one.
  ADD_URI_SAFE_ATTR: ['dir', 'start', 'align', 'data-language', 'data-block'],
  // No relative addresses: a text must not link into this site.
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
};

/** The nodes of one piece of Markdown; of one that is nested too deeply to be parsed, its source. */
export function nodesOf(markdown: string): DocumentFragment {
  try {
    return sanitised(marked.parse(markdown, { async: false }));
  } catch {
    return sanitised(`<p>${escaped(markdown).replaceAll('\n', '<br>')}</p>`);
  }
}

function sanitised(html: string): DocumentFragment {
  return purify.sanitize(html, { ...allowed, RETURN_DOM_FRAGMENT: true });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
