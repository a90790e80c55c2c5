import type { Merge, Placed } from '../queries/roots.ts';
import type { Root } from './minhash.ts';

/** Which groups have become one: a union-find whose roots are groups, with paths compressed (Tarjan 1975). */
export class Groups {
  readonly #into = new Map<string, string>();
  /** The last merge in it; 0 where there is none. */
  last = 0;

  add(merges: readonly Merge[]): this {
    for (const { id, from, into } of merges) {
      this.join(from, into);
      this.last = id;
    }
    return this;
  }

  join(from: string, into: string): void {
    const [target, source] = [this.groupOf(into), this.groupOf(from)];
    if (source !== target) this.#into.set(source, target);
  }

  /** The group that this one has become; itself where it was not merged. */
  groupOf(group: string): string {
    let final = group;
    for (let next = this.#into.get(final); next !== undefined; next = this.#into.get(final)) final = next;
    for (let at = group; at !== final;) {
      const next = this.#into.get(at) ?? final;
      this.#into.set(at, final);
      at = next;
    }
    return final;
  }
}

/** A conversation with the roots of all its beginnings, the first of which is its root. */
export interface Begun {
  readonly id: string;
  readonly roots: readonly Root[];
  readonly language: string | null;
}

/** What is there already of the roots and bands of a page. */
export interface Known {
  /** Group by root. */
  readonly roots: ReadonlyMap<string, string>;
  /** Group by band. */
  readonly bands: ReadonlyMap<bigint, string>;
  /** All merges up to now. What `place` merges is merged in it. */
  readonly groups: Groups;
}

/**
 * Places conversations, in their order. A root that is new joins the group of those that own one of its bands; where these are
 * several, and where a conversation has several beginnings, they are merged into the one with the least id. A root that shares
 * no band begins a group, which bears its id. A band belongs to the first root that has it.
 */
export function place(page: readonly Begun[], { roots, bands, groups }: Known): Placed {
  const groupByRoot = new Map(roots);
  const groupByBand = new Map(bands);
  const placed = {
    roots: [] as Placed['roots'][number][],
    bands: [] as Placed['bands'][number][],
    merges: [] as Placed['merges'][number][],
    conversations: [] as Placed['conversations'][number][],
  };

  /** Makes one of groups; the final one. */
  const merge = (found: ReadonlySet<string>): string | null => {
    const [into, ...others] = [...found].sort();
    for (const from of others) {
      // Their order tells, and `into` is the least.
      groups.join(from, into ?? from);
      placed.merges.push({ from, into: into ?? from });
    }
    return into ?? null;
  };

  for (const { id, roots: begun, language } of page) {
    const [first] = begun;
    if (first === undefined) continue;
    const ofConversation = new Set<string>();
    for (const root of begun) {
      let group = groupByRoot.get(root.id);
      if (group === undefined) {
        const owners = new Set<string>();
        for (const band of root.bands) {
          const owner = groupByBand.get(band);
          if (owner !== undefined) owners.add(groups.groupOf(owner));
        }
        group = merge(owners) ?? root.id;
        groupByRoot.set(root.id, group);
        placed.roots.push({ id: root.id, group });
        for (const band of root.bands) {
          if (groupByBand.has(band)) continue;
          groupByBand.set(band, group);
          placed.bands.push({ band, rootId: root.id });
        }
      }
      ofConversation.add(groups.groupOf(group));
    }
    // A later beginning may have merged what an earlier one is of.
    merge(new Set([...ofConversation].map((group) => groups.groupOf(group))));
    placed.conversations.push({ id, rootId: first.id, language });
  }
  return placed;
}
