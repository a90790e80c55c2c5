const shownMs = 6000;

interface Toast {
  id: number;
  text: string;
  kind: 'ok' | 'danger';
}

/** Short words on what just happened, read out by screen readers. */
class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 0;

  /** Shows `text` for a few seconds. */
  say(text: string, kind: Toast['kind'] = 'ok'): void {
    const id = this.#next++;
    this.list = [...this.list, { id, text, kind }];
    setTimeout(() => {
      this.list = this.list.filter((toast) => toast.id !== id);
    }, shownMs);
  }
}

export const toasts = new Toasts();
