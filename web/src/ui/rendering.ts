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
  const add = (piece: string): void => {
    const nodes = nodesOf(piece);
    for (const code of nodes.querySelectorAll('.code')) {
      code.append(copyButton(code));
      seen.observe(code);
    }
    for (const table of nodes.querySelectorAll('table')) {
      const box = document.createElement('div');
      box.className = 'table';
      table.replaceWith(box);
      box.append(table);
      seen.observe(box);
    }
    for (const math of nodes.querySelectorAll('.math')) seen.observe(math);
    const part = document.createElement('div');
    part.className = 'part';
    part.append(nodes);
    node.append(part);
  };

  node.replaceChildren();
  const [first = '', ...rest] = piecesOf(text);
  add(first);
  const tasks = rest.map((piece) => () => add(piece));
  enqueue(tasks);
  return () => {
    seen.disconnect();
    cancel(tasks);
  };
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

async function colour(box: HTMLElement): Promise<void> {
  const scroller = box.querySelector('pre') ?? box;
  // What scrolls must be reachable by keyboard; what does not would only be one more stop.
  if (scroller.scrollWidth > scroller.clientWidth) {
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'region');
    scroller.setAttribute('aria-label', scroller === box ? 'Table' : 'Code');
  }
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
