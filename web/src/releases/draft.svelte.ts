import { formatsOf, newRelease, type Release, type ReleaseKind } from '../../../shared/releases.ts';
import { bodyOf, type Body } from './body.ts';
import { fields, fieldsOf, type Fields } from './fields.ts';
import { fitting } from './fitting.ts';

/** A release while it is being put together. Kept in the browser's session under the project, so that a reload loses nothing. */
export class ReleaseDraft {
  value = $state<Fields>(fields.parse({}));
  /** Whether a reload finds again what is typed. */
  kept = $state(true);
  readonly #store: string;
  readonly #from: Release | null;
  /** Which fields mean something for what is chosen. */
  readonly fits = $derived(fitting(this.value));
  readonly body = $derived(bodyOf(this.value));
  /** As one text, so that the same definition is the same. */
  readonly asked = $derived(JSON.stringify(this.body.definition));
  /** Field, as the API's path names it, and what is wrong with it; what can be told without asking the server. */
  readonly faults = $derived(faultsOf(this.body));

  /** @param from the release whose definition it begins with, where what was typed for it is not kept */
  constructor(projectId: string, from: Release | null) {
    this.#store = `duologue.release.${projectId}.${from?.id ?? 'new'}`;
    this.#from = from;
    this.value = read(this.#store) ?? this.#usual();
  }

  /** Takes another kind, in the first of its formats. */
  take(kind: ReleaseKind): void {
    this.value.kind = kind;
    const formats: readonly string[] = formatsOf[kind];
    if (!formats.includes(this.value.format)) this.value.format = formatsOf[kind][0];
  }

  /** Writes what is typed to the browser's session, and says in `kept` whether it would take it. */
  keep(): void {
    const text = JSON.stringify(this.value);
    try {
      sessionStorage.setItem(this.#store, text);
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(this.#store);
    } catch {
      // Storage is forbidden: nothing was kept.
    }
  }

  /** Begins anew, with nothing typed. */
  clear(): void {
    this.value = this.#usual();
  }

  #usual(): Fields {
    return this.#from ? fieldsOf(this.#from) : fields.parse({});
  }
}

function read(store: string): Fields | null {
  try {
    const kept = sessionStorage.getItem(store);
    const parsed = kept === null ? null : fields.safeParse(JSON.parse(kept));
    return parsed?.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function faultsOf(body: Body): Record<string, string> {
  const { error } = newRelease.safeParse(body);
  return withoutPrefix(Object.fromEntries(error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? []));
}

/** Faults of a request by field: those of the definition without its name before them. */
export function withoutPrefix(faults: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(faults).map(([path, message]) => [path.replace(/^definition\./, ''), message]),
  );
}
