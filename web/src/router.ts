import { createRouter, type HooksContext } from 'sv-router';
import { permits, type Access } from '../../shared/endpoint.ts';
import { session } from './session.svelte.ts';

declare module 'sv-router' {
  interface RouteMeta {
    /** Who may see the page; `trainer` (anyone signed in) unless told. */
    access?: Access;
    /** The page takes the whole window and brings its own header. */
    full?: boolean;
  }
}

/** Keeps people from pages that are not for them; the shell has loaded the session by now. */
async function admit({ pathname, search, meta }: HooksContext): Promise<void> {
  if (session.user !== null && pathname === '/sign-in') throw await navigate('/', { replace: true });
  if (permits(meta.access ?? 'trainer', session.user?.role ?? null)) return;
  if (session.user !== null) throw await navigate('/not-allowed', { replace: true });
  const query = new URLSearchParams(Object.entries(search).map(([name, value]) => [name, String(value)])).toString();
  const from = pathname + (query === '' ? '' : `?${query}`);
  throw await navigate('/sign-in', { replace: true, ...(from === '/' ? {} : { search: { from } }) });
}

const rank = {
  '/': () => import('./comparisons/RankPage.svelte'),
  '/:assignmentId': () => import('./comparisons/RankPage.svelte'),
  meta: { full: true },
};
const write = {
  '/': () => import('./demonstrations/WritePage.svelte'),
  '/:assignmentId': () => import('./demonstrations/WritePage.svelte'),
  meta: { full: true },
};
const chat = {
  '/': () => import('./chats/ChatPage.svelte'),
  '/:assignmentId': () => import('./chats/ChatPage.svelte'),
  meta: { full: true },
};

export const { p, navigate, isActive, route } = createRouter({
  hooks: { beforeLoad: admit },
  '/': () => import('./projects/ProjectsPage.svelte'),
  '/sign-in': { '/': () => import('./accounts/SignInPage.svelte'), meta: { access: 'anyone' } },
  '/setup': { '/': () => import('./accounts/SetupPage.svelte'), meta: { access: 'anyone' } },
  '/invitation': { '/': () => import('./accounts/InvitationPage.svelte'), meta: { access: 'anyone' } },
  '/not-allowed': () => import('./accounts/NotAllowedPage.svelte'),
  '/profile': () => import('./accounts/ProfilePage.svelte'),
  '/people': { '/': () => import('./accounts/PeoplePage.svelte'), meta: { access: 'admin' } },
  '/models': {
    '/': () => import('./models/ModelsPage.svelte'),
    '/new': () => import('./models/NewModelPage.svelte'),
    '/:modelId': () => import('./models/ModelPage.svelte'),
    meta: { access: 'admin' },
  },
  '/audit': { '/': () => import('./audit/AuditPage.svelte'), meta: { access: 'admin' } },
  '/work': () => import('./work/WorkPage.svelte'),
  '/projects': {
    '/new': { '/': () => import('./projects/NewProjectPage.svelte'), meta: { access: 'admin' } },
    '/:projectId': {
      layout: () => import('./projects/ProjectLayout.svelte'),
      '/': () => import('./projects/ProgressPage.svelte'),
      '/import': { '/': () => import('./imports/ImportPage.svelte'), meta: { access: 'admin' } },
      '/rounds': { '/': () => import('./rounds/RoundsPage.svelte'), meta: { access: 'admin' } },
      '/sampling': { '/': () => import('./samplings/SamplingPage.svelte'), meta: { access: 'admin' } },
      '/side-by-side': () => import('./side-by-side/SideBySidePage.svelte'),
      '/feedback': { '/': () => import('./feedback/FeedbackPage.svelte'), meta: { access: 'admin' } },
      '/moderation': { '/': () => import('./moderation/ModerationPage.svelte'), meta: { access: 'admin' } },
      '/members': { '/': () => import('./projects/MembersPage.svelte'), meta: { access: 'admin' } },
      '/releases': {
        '/': () => import('./releases/ReleasesPage.svelte'),
        '/new': () => import('./releases/NewReleasePage.svelte'),
        '/:releaseId': () => import('./releases/ReleasePage.svelte'),
        meta: { access: 'admin' },
      },
      '/settings': { '/': () => import('./projects/SettingsPage.svelte'), meta: { access: 'admin' } },
      // In brackets: outside the layout above.
      '/(rank)': rank,
      '/(write)': write,
      '/(chat)': chat,
    },
  },
  '*': () => import('./ui/NotFound.svelte'),
});
