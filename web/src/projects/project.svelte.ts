import { createContext } from 'svelte';
import type { Input } from '../../../shared/endpoint.ts';
import { changeProject, readProgress, readProject, type KindProgress, type Project } from '../../../shared/projects.ts';
import { call } from '../api.ts';
import { live } from '../live.svelte.ts';
import { Loaded } from '../ui/loaded.svelte.ts';
import { currentProject } from './current.svelte.ts';

/** The project whose pages are open, with figures that move as people work; shared by its pages through context. */
export class OpenProject {
  readonly id: string;
  readonly loaded: Loaded<Project>;
  readonly progress: Loaded<KindProgress[]>;
  readonly #unwatch: () => void;

  constructor(id: string) {
    this.id = id;
    this.loaded = new Loaded(async () => this.#named((await call(readProject, { params: { projectId: id } })).project));
    this.progress = new Loaded(async () => (await call(readProgress, { params: { projectId: id } })).progress);
    this.#unwatch = live.watch(id, (message) => {
      if (message.type === 'progress') this.progress.value = message.progress;
    });
  }

  async change(change: Input<typeof changeProject>['body']): Promise<void> {
    const { project } = await call(changeProject, { params: { projectId: this.id }, body: change });
    this.loaded.value = this.#named(project);
  }

  close(): void {
    this.#unwatch();
  }

  #named(project: Project): Project {
    currentProject.value = { id: project.id, name: project.name };
    return project;
  }
}

export const [useProject, provideProject] = createContext<OpenProject>();
