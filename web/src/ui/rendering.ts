import { nodesOf } from './markdown.ts';
import { piecesOf } from './markdown-pieces.ts';

/**
 * Shows Markdown in `node`: its beginning at once, the rest piece by piece between the browser's other work, colours
 * and formulas when they come into sight. @returns what to do when it is no longer wanted
 */
export function show(node: HTMLElement, text: string): () => void {
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) continue;
      seen.unobserve(target);
      // Where the network is away the text stays as it is.
      void (target.classList.contains('math') ? formula(target) : colour(target)).catch(() => undefined);
    }
  });
  const sized = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target instanceof HTMLElement) makeReachable(target);
  });
  const add = (piece: string): void => {
    const part = prepared.get(piece) ?? partOf(piece);
    prepared.delete(piece);
    for (const element of part.querySelectorAll('.code, .math')) seen.observe(element);
    for (const element of part.querySelectorAll('pre, .table, .math')) sized.observe(element);
    node.append(part);
  };

  node.replaceChildren();
  const [first = '', ...rest] = piecesOf(text);
  add(first);
  const tasks = rest.map((piece) => () => add(piece));
  enqueue(tasks);
  return () => {
    seen.disconnect();
    sized.disconnect();
    cancel(tasks);
  };
}

/** The beginnings of texts that will be shown soon; the nodes of each are shown once. */
const prepared = new Map<string, HTMLElement>();
let preparing: (() => void)[] = [];

/**
 * Parses the beginnings of these texts between the browser's other work, so that showing them takes no time. Those of
 * the call before are let go of.
 */
export function prepare(texts: readonly string[]): void {
  cancel(preparing);
  prepared.clear();
  preparing = texts.map((text) => () => {
    const [first = ''] = piecesOf(text);
    prepared.set(first, partOf(first));
  });
  enqueue(preparing);
}

function partOf(piece: string): HTMLElement {
  const part = document.createElement('div');
  part.className = 'part';
  part.append(nodesOf(piece));
  for (const code of part.querySelectorAll('.code')) code.append(copyButton(code));
  for (const table of part.querySelectorAll('table')) {
    const box = document.createElement('div');
    box.className = 'table';
    table.replaceWith(box);
    box.append(table);
  }
  return part;
}

/** Pieces of all texts on the page that are still to come: one at a time, so that several long texts share the time. */
let queue: (() => void)[] = [];
let running = false;

function enqueue(tasks: (() => void)[]): void {
  queue.push(...tasks);
  if (!running && queue.length > 0) {
    running = true;
    setTimeout(runNext);
  }
}

function runNext(): void {
  queue.shift()?.();
  running = queue.length > 0;
  if (running) setTimeout(runNext);
}

function cancel(tasks: (() => void)[]): void {
  const gone = new Set(tasks);
  queue = queue.filter((task) => !gone.has(task));
}

/** What scrolls must be reachable by keyboard; what does not would only be one more stop. */
function makeReachable(scroller: HTMLElement): void {
  if (scroller.scrollWidth > scroller.clientWidth && getComputedStyle(scroller).overflowX === 'auto') {
    scroller.tabIndex = 0;
    // No region: a page of answers would be full of landmarks.
    scroller.setAttribute('role', 'group');
    const name = scroller.matches('pre') ? 'Code' : scroller.matches('.math') ? 'Formula' : 'Table';
    scroller.setAttribute('aria-label', name);
  } else for (const name of ['tabindex', 'role', 'aria-label']) scroller.removeAttribute(name);
}

async function colour(box: HTMLElement): Promise<void> {
  const code = box.querySelector('pre > code');
  const language = box.dataset['language'] ?? '';
  if (code === null || language === '') return;
  const { highlighted } = await import('./highlight.ts');
  const nodes = await highlighted(code.textContent, language);
  if (nodes) code.replaceChildren(nodes);
}

async function formula(span: HTMLElement): Promise<void> {
  const { mathNodes } = await import('./math.ts');
  const nodes = mathNodes(span.textContent, span.dataset['block'] === 'true');
  if (nodes) span.replaceChildren(nodes);
  else span.classList.add('wrong');
  makeReachable(span);
}

function copyButton(code: Element): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy code');
  button.addEventListener('click', () => {
    const text = code.querySelector('pre')?.textContent ?? '';
    void navigator.clipboard.writeText(text).then(
      () => (button.textContent = 'Copied'),
      () => (button.textContent = 'Not allowed'),
    );
  });
  return button;
}
