import { setImmediate as breathe } from 'node:timers/promises';
import { type Database, transaction } from '../../db/database.ts';
import {
  type Beginning,
  insertPlaced,
  lockRoots,
  selectBands,
  selectBeginnings,
  selectMerges,
  selectRootless,
  selectRoots,
} from '../queries/roots.ts';
import { type Begun, Groups, place } from './groups.ts';
import { type Detect, languageCode, loadDetector } from './language.ts';
import { rootOf } from './minhash.ts';

/** Before every id. */
const beginning = '00000000-0000-0000-0000-000000000000';
/** So many conversations are looked through in one statement for those without a root. */
const lookedAtOnce = 5_000;
/** So many are read and written together. */
const pageConversations = 250;
/** Of each message, in characters: what is the same up to there is the same root. Bounds what a page holds. */
const maxCharacters = 20_000;

const kinds = ['prompt', 'dialogue', 'demonstration', 'chat'] as const;

export interface RootsOptions {
  signal?: AbortSignal;
  /** Called after each page with how many were given a root so far. */
  onProgress?: (done: number) => void;
}

/**
 * Gives every conversation of these projects that was made up to `until` its root, unless it has one or nothing was said in
 * it by a user; says how many it gave one. Several processes may do this at once, and what one did the others keep: pages are
 * placed one after the other, in a transaction each. A chat that is begun once more after it was given a root stays with
 * that. Throws the signal's reason.
 */
export async function provideRoots(
  db: Database,
  projectIds: readonly string[],
  until: Date,
  { signal, onProgress }: RootsOptions = {},
): Promise<number> {
  let detect: Detect | null = null;
  const merged = new Groups();
  let done = 0;
  // A page is read while the one before is written.
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const ids of rootless(db, projectIds, until)) {
      signal?.throwIfAborted();
      detect ??= await loadDetector();
      const begun = await begunOf(await selectBeginnings(db, ids, maxCharacters), detect);
      await writing;
      signal?.throwIfAborted();
      writing = placePage(db, begun, merged).then(() => {
        done += begun.length;
        onProgress?.(done);
      });
      // It is awaited before the next one; until then a failure is nobody's surprise.
      writing.catch(() => undefined);
    }
    await writing;
  } finally {
    await writing.catch(() => undefined);
  }
  signal?.throwIfAborted();
  return done;
}

/** Ids of conversations without a root, in pages. To look through a million that have one takes some two seconds. */
async function* rootless(db: Database, projectIds: readonly string[], until: Date): AsyncGenerator<string[]> {
  for (const projectId of new Set(projectIds))
    for (const kind of kinds)
      for (let after: string | null = beginning; after !== null;) {
        const { ids, last } = await selectRootless(db, { projectId, kind, until, after, limit: lookedAtOnce });
        for (let from = 0; from < ids.length; from += pageConversations)
          yield ids.slice(from, from + pageConversations);
        after = last;
      }
}

/** So many texts are gone through at one go; some milliseconds. */
const textsAtOnce = 50;

async function begunOf(page: readonly Beginning[], detect: Detect): Promise<Begun[]> {
  const begun = new Map<string, { id: string; roots: ReturnType<typeof rootOf>[]; language: string | null }>();
  for (const [index, { conversationId: id, system, user, language }] of page.entries()) {
    if (index % textsAtOnce === textsAtOnce - 1) await breathe();
    const before = begun.get(id);
    const root = rootOf(system, user);
    if (before) before.roots.push(root);
    else {
      const named = language === null ? null : languageCode(language);
      // The system message is often in another language than what people say.
      begun.set(id, {
        id,
        roots: [root],
        language: named ?? detect(user) ?? (system === null ? null : detect(system)),
      });
    }
  }
  return [...begun.values()];
}

/** `merged` holds the merges as far as this process has read them, and is brought up to date. */
async function placePage(db: Database, begun: readonly Begun[], merged: Groups): Promise<void> {
  if (begun.length === 0) return;
  await transaction(db, async (tx) => {
    await lockRoots(tx);
    merged.add(await selectMerges(tx, merged.last, null));
    const all = begun.flatMap(({ roots }) => roots);
    const roots = await selectRoots(tx, [...new Set(all.map(({ id }) => id))]);
    const unknown = new Set(all.flatMap(({ id, bands }) => (roots.has(id) ? [] : bands)));
    const bands = unknown.size === 0 ? new Map<bigint, string>() : await selectBands(tx, [...unknown]);
    await insertPlaced(tx, place(begun, { roots, bands, groups: merged }));
  });
}

/**
 * The groups of roots as they were after the merge `upTo`; null for as they are now. `merges` is the last merge that was looked
 * at, 0 where there was none: a release keeps it, and built again with it has the same groups, whatever was merged since.
 */
export async function groups(
  db: Database,
  upTo: number | null,
): Promise<{ groupOf: (groupId: string) => string; merges: number }> {
  const merged = new Groups().add(await selectMerges(db, 0, upTo));
  return { groupOf: (groupId) => merged.groupOf(groupId), merges: merged.last };
}
