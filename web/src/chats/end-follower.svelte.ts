/** Whoever is within so many pixels of the end is at the end. */
const nearEnd = 32;
/** What was written last is laid out within this time after the writing ended, in milliseconds. */
const settleMs = 500;

/**
 * Keeps a scrolling box at its end while something is written there, for whoever is at the end; begins there, and goes
 * there whenever `said` counts something that the person said. A person who scrolled away is left where they are. For
 * `{@attach}`; the box's first child is what grows.
 */
export function stayAtEnd(writing: () => boolean, said: () => number): (box: HTMLElement) => () => void {
  return (box) => {
    let atEnd = true;
    /** Where this scrolled to last: whoever is not above it has not left the end, which may have moved on since. */
    let held = Infinity;
    let until = performance.now() + settleMs;
    const toEnd = (): void => {
      if (!atEnd || performance.now() >= until) return;
      box.scrollTop = box.scrollHeight;
      held = box.scrollTop;
    };
    $effect(() => {
      if (!writing()) return;
      until = Infinity;
      toEnd();
      return () => {
        until = performance.now() + settleMs;
      };
    });
    $effect(() => {
      said();
      atEnd = true;
      toEnd();
    });
    const scrolled = (): void => {
      atEnd = box.scrollTop >= held - 1 || box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
      if (!atEnd) held = Infinity;
    };
    box.addEventListener('scroll', scrolled, { passive: true });
    const sized = new ResizeObserver(toEnd);
    sized.observe(box);
    if (box.firstElementChild) sized.observe(box.firstElementChild);
    toEnd();
    return () => {
      sized.disconnect();
      box.removeEventListener('scroll', scrolled);
    };
  };
}
