import { nodesOf } from './markdown.ts';
import { piecesOf } from './markdown-pieces.ts';

/**
 * Shows Markdown in `node`: its beginning at once, the rest piece by piece between the browser's other work, colours
 * and formulas when they come into sight. @returns what to do when it is no longer wanted
 */
export function show(node: HTMLElement, text: string): () => void {
  const adorning = adorn();
  const add = (piece: string): void => {
    const part = prepared.get(piece) ?? partOf(piece);
    prepared.delete(piece);
    adorning.watch(part);
    node.append(part);
  };

  node.replaceChildren();
  const [first = '', ...rest] = piecesOf(text);
  add(first);
  const tasks = rest.map((piece) => () => add(piece));
  enqueue(tasks);
  return () => {
    adorning.stop();
    cancel(tasks);
  };
}

/** A text that grows is rendered at most this often, in milliseconds. */
const growEvery = 100;

/** A piece of a text that grows. */
interface GrowingPart {
  piece: string;
  box: HTMLElement;
  /** Each node of the box as it was parsed, before it got its colours. */
  sources: string[];
  /** So many of the nodes have been given colours and formulas. */
  adorned: number;
}

/**
 * Shows Markdown in `node` that is still being written. Only the piece at the end is parsed anew, and of it only the
 * nodes that changed are replaced: what stands keeps its colours, and what a person selected in it. The last node, which
 * may still change, gets its colours once `more` is false.
 */
export function grow(node: HTMLElement): { update: (text: string, more: boolean) => void; stop: () => void } {
  const adorning = adorn();
  const parts: GrowingPart[] = [];
  let latest = { text: '', more: true };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rendered = -Infinity;

  function fill(part: GrowingPart, piece: string, more: boolean): void {
    part.piece = piece;
    const nodes = [...partOf(piece).childNodes];
    const sources = nodes.map((one) => (one instanceof Element ? one.outerHTML : (one.textContent ?? '')));
    const changed = sources.findIndex((source, index) => source !== part.sources[index]);
    const kept = changed === -1 ? Math.min(sources.length, part.sources.length) : changed;
    for (const gone of [...part.box.childNodes].slice(kept)) gone.remove();
    part.box.append(...nodes.slice(kept));
    part.sources = sources;
    const standing = more ? nodes.findLastIndex((one) => one instanceof Element) : nodes.length;
    for (const one of [...part.box.childNodes].slice(Math.min(kept, part.adorned), Math.max(0, standing))) {
      if (one instanceof Element) adorning.watch(one);
    }
    part.adorned = standing;
  }

  function render(): void {
    clearTimeout(timer);
    timer = undefined;
    rendered = performance.now();
    const pieces = piecesOf(latest.text);
    for (const [index, piece] of pieces.entries()) {
      const more = latest.more && index === pieces.length - 1;
      let part = parts[index];
      if (part === undefined) {
        part = { piece: '', box: document.createElement('div'), sources: [], adorned: 0 };
        part.box.className = 'part';
        node.append(part.box);
        parts.push(part);
      }
      if (part.piece !== piece || part.adorned < part.sources.length) fill(part, piece, more);
    }
    for (const { box } of parts.splice(pieces.length)) box.remove();
  }

  node.replaceChildren();
  return {
    update(text, more) {
      latest = { text, more };
      const wait = rendered + growEvery - performance.now();
      if (!more || wait <= 0) render();
      else timer ??= setTimeout(render, wait);
    },
    stop() {
      clearTimeout(timer);
      adorning.stop();
    },
  };
}

/** Gives code its colours, formulas their form and whatever scrolls a place in the tab order, once `watch` names it. */
function adorn(): { watch: (root: Element) => void; stop: () => void } {
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
  return {
    watch(root) {
      for (const element of [root, ...root.querySelectorAll('.code, .math, pre, .table')]) {
        if (element.matches('.code, .math')) seen.observe(element);
        if (element.matches('pre, .table, .math')) sized.observe(element);
      }
    },
    stop() {
      seen.disconnect();
      sized.disconnect();
    },
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
