import { hash } from 'node:crypto';

/**
 * The name that stands for a trainer in every release: from the hash of their id, whose random part nobody guesses, so that
 * the same person is the same in all of them and nobody is named.
 */
export function pseudonym(trainerId: string): string {
  return `trainer-${hash('sha256', trainerId, 'hex').slice(0, 10)}`;
}

/** How rows name trainers: by name where they are given, as of the time when the release was made; else by pseudonym. */
export function naming(names: Readonly<Record<string, string>> | null): (trainerId: string | null) => string | null {
  return (id) => (id === null ? null : (names?.[id] ?? pseudonym(id)));
}
