import type { User } from '../../../shared/accounts.ts';
import { navigate } from '../router.ts';
import { session } from '../session.svelte.ts';

/** Takes a newly signed-in user to the page they came from; only addresses of this site are followed. */
export async function enterAt(user: User, from: string | null): Promise<void> {
  session.enter(user);
  const target = new URL(from ?? '/', location.origin);
  const local = target.origin === location.origin;
  // It may be any page, which the typed routes cannot know.
  const go: (path: never, options: { replace: boolean; search: string }) => Promise<unknown> = navigate;
  await go((local ? target.pathname : '/') as never, { replace: true, search: local ? target.search : '' });
}
