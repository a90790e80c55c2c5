import { createCssVariablesTheme, createHighlighterCore, type HighlighterCore, type LanguageInput } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';
import './highlight.css';

/** Longer code is left plain: colouring it would hold the page up. In characters. */
const longestCode = 12_000;

const languages: Record<string, () => Promise<{ default: LanguageInput }>> = {
  c: () => import('shiki/langs/c.mjs'),
  cpp: () => import('shiki/langs/cpp.mjs'),
  csharp: () => import('shiki/langs/csharp.mjs'),
  css: () => import('shiki/langs/css.mjs'),
  diff: () => import('shiki/langs/diff.mjs'),
  go: () => import('shiki/langs/go.mjs'),
  html: () => import('shiki/langs/html.mjs'),
  java: () => import('shiki/langs/java.mjs'),
  javascript: () => import('shiki/langs/javascript.mjs'),
  json: () => import('shiki/langs/json.mjs'),
  kotlin: () => import('shiki/langs/kotlin.mjs'),
  latex: () => import('shiki/langs/latex.mjs'),
  php: () => import('shiki/langs/php.mjs'),
  python: () => import('shiki/langs/python.mjs'),
  r: () => import('shiki/langs/r.mjs'),
  ruby: () => import('shiki/langs/ruby.mjs'),
  rust: () => import('shiki/langs/rust.mjs'),
  shellscript: () => import('shiki/langs/shellscript.mjs'),
  sql: () => import('shiki/langs/sql.mjs'),
  swift: () => import('shiki/langs/swift.mjs'),
  typescript: () => import('shiki/langs/typescript.mjs'),
  xml: () => import('shiki/langs/xml.mjs'),
  yaml: () => import('shiki/langs/yaml.mjs'),
};
const otherNames: Record<string, string> = {
  'c++': 'cpp',
  'c#': 'csharp',
  bash: 'shellscript',
  cs: 'csharp',
  golang: 'go',
  js: 'javascript',
  jsx: 'javascript',
  kt: 'kotlin',
  patch: 'diff',
  py: 'python',
  python3: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'shellscript',
  shell: 'shellscript',
  svg: 'xml',
  tex: 'latex',
  ts: 'typescript',
  tsx: 'typescript',
  yml: 'yaml',
  zsh: 'shellscript',
};

let made: Promise<HighlighterCore> | undefined;
// No WebAssembly and no eval: the content security policy allows neither. No inline style either: the theme's colours
// are names, and they become classes.
const highlighter = (): Promise<HighlighterCore> =>
  (made ??= createHighlighterCore({
    themes: [createCssVariablesTheme({ name: 'names', variablePrefix: '' })],
    langs: [],
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  }));

/** The nodes of `code` with a class for each kind of token (`token-keyword`), or null where it stays plain. */
export async function highlighted(code: string, name: string): Promise<DocumentFragment | null> {
  const language = otherNames[name.toLowerCase()] ?? name.toLowerCase();
  const load = languages[language];
  if (load === undefined || code.length > longestCode) return null;
  const shiki = await highlighter();
  if (!shiki.getLoadedLanguages().includes(language)) await shiki.loadLanguage((await load()).default);
  const lines = shiki.codeToTokensBase(code, { lang: language, theme: 'names', tokenizeMaxLineLength: 1_000 });
  const fragment = new DocumentFragment();
  for (const [index, line] of lines.entries()) {
    if (index > 0) fragment.append('\n');
    for (const { content, color } of line) {
      const kind = /token-[a-z-]+/.exec(color ?? '')?.[0];
      if (kind === undefined) {
        fragment.append(content);
        continue;
      }
      const span = document.createElement('span');
      span.className = kind;
      span.textContent = content;
      fragment.append(span);
    }
  }
  return fragment;
}
