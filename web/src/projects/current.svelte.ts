/** The project that the page on screen is about; the site bar names it. */
class CurrentProject {
  value = $state.raw<{ id: string; name: string } | null>(null);
}

export const currentProject = new CurrentProject();
