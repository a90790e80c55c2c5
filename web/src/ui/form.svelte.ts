import { explain, Refused } from '../api.ts';

/** The sending of a form: one at a time, with what the server finds wrong told beside each field. */
export class Form {
  busy = $state(false);
  /** Field (as the problem's `path` names it) -> what is wrong with it. */
  faults = $state.raw<Record<string, string>>({});
  /** What is wrong with the whole. */
  failure = $state<string | null>(null);

  /** Runs `send`; true if it went through. What was typed stays where it is in any case. */
  async send(send: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    this.faults = {};
    try {
      await send();
      return true;
    } catch (error) {
      const told = error instanceof Refused ? (error.problem.errors ?? []) : [];
      this.faults = Object.fromEntries(
        told.filter(({ path }) => path !== '').map(({ path, message }) => [path, message]),
      );
      const loose = told.filter(({ path }) => path === '').map(({ message }) => message);
      if (Object.keys(this.faults).length === 0 || loose.length > 0) this.failure = loose.join('; ') || explain(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** For `onsubmit`: sends, then focuses the first field that has a fault. */
  submit(event: SubmitEvent, send: () => Promise<void>): void {
    event.preventDefault();
    const form = event.currentTarget;
    void this.send(send).then((sent) => {
      if (sent || !(form instanceof HTMLFormElement)) return;
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    });
  }
}
