import type { Input } from '../../../shared/endpoint.ts';
import { rubricPresets, type changeProject, type Project, type RubricPreset } from '../../../shared/projects.ts';

export const presets = Object.keys(rubricPresets) as RubricPreset[];

/** The settings of a project while they are being typed; a number is undefined while its field is empty. */
export class Settings {
  name = $state('');
  guidelines = $state('');
  /** A preset, or `own` for a rubric that came by the API and is left as it is. */
  rubric = $state<RubricPreset | 'own'>('ranking');
  demonstrationOverlap = $state<number | undefined>(1);
  comparisonOverlap = $state<number | undefined>(1);
  completionsPerComparison = $state<number | undefined>(4);
  maxTurns = $state<number | undefined>(40);
  maxCharacters = $state<number | undefined>(30_000);
  leaseMinutes = $state<number | undefined>(30);
  reopenMinutes = $state<number | undefined>(60);
  /** The name of the rubric that is no preset. */
  readonly ownRubric: string | null = null;

  constructor(project?: Project) {
    if (!project) return;
    this.name = project.name;
    this.guidelines = project.guidelines;
    const preset = presets.find(
      (name) => JSON.stringify(rubricPresets[name]) === JSON.stringify(sorted(project.rubric)),
    );
    this.rubric = preset ?? 'own';
    this.ownRubric = preset === undefined ? project.rubric.name : null;
    this.demonstrationOverlap = project.overlap.demonstration;
    this.comparisonOverlap = project.overlap.comparison;
    this.completionsPerComparison = project.completionsPerComparison;
    this.maxTurns = project.limits.maxTurns;
    this.maxCharacters = project.limits.maxCharacters;
    this.leaseMinutes = project.leaseMinutes;
    this.reopenMinutes = project.reopenMinutes;
  }

  /** What differs from `project`, as a change of it. */
  changeOf(project: Project): Partial<Settings['body']> {
    const before = new Map<string, unknown>(Object.entries(new Settings(project).body));
    return Object.fromEntries(
      Object.entries(this.body).filter(([name, value]) => JSON.stringify(before.get(name)) !== JSON.stringify(value)),
    );
  }

  /** As the API takes it; an empty number is left out of the change, the form's fields ask for it before. */
  get body(): Input<typeof changeProject>['body'] & { name: string } {
    return {
      name: this.name,
      guidelines: this.guidelines,
      ...(this.rubric !== 'own' && { rubric: this.rubric }),
      overlap: { demonstration: this.demonstrationOverlap, comparison: this.comparisonOverlap },
      completionsPerComparison: this.completionsPerComparison,
      limits: { maxTurns: this.maxTurns, maxCharacters: this.maxCharacters },
      leaseMinutes: this.leaseMinutes,
      reopenMinutes: this.reopenMinutes,
    };
  }
}

/** A rubric with its keys in the order of the presets, so that the two compare as text: a database may reorder them. */
function sorted({ name, overall, flags }: Project['rubric']): Project['rubric'] {
  return {
    name,
    overall: overall && { max: overall.max, low: overall.low, high: overall.high },
    flags: flags.map(({ key, label }) => ({ key, label })),
  };
}
