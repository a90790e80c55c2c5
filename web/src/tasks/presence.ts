export interface PresenceListeners {
  /** The person typed, pointed or scrolled. */
  onsign: () => void;
  /** The network is back. */
  ononline: () => void;
  onhide: () => void;
  /** The page is seen again. */
  onshow: () => void;
  /** The page goes away, perhaps for ever. */
  onleave: () => void;
  /** The browser brought a page back that had gone away. */
  onreturn: () => void;
}

const signs = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'scroll', 'input'];

/** Tells whether the person and the network are there. @returns what ends it */
export function watchPresence(told: PresenceListeners): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  for (const name of signs) addEventListener(name, told.onsign, { signal, passive: true, capture: true });
  addEventListener('online', told.ononline, { signal });
  addEventListener('pagehide', told.onleave, { signal });
  addEventListener('pageshow', ({ persisted }) => persisted && told.onreturn(), { signal });
  document.addEventListener('visibilitychange', () => (document.hidden ? told.onhide() : told.onshow()), { signal });
  return () => stop.abort();
}
