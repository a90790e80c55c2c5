import type { Input } from '../../../shared/endpoint.ts';
import {
  moderationCategories,
  type ModerationAction,
  type ModerationCategory,
} from '../../../shared/moderation-terms.ts';
import {
  rubricPresets,
  usualActions,
  type changeProject,
  type Project,
  type RubricPreset,
} from '../../../shared/projects.ts';

export const presets = Object.keys(rubricPresets) as RubricPreset[];

/** The settings of a project while they are being typed; a number is undefined while its field is empty. */
export class Settings {
  name = $state('');
  guidelines = $state('');
  /** A preset, or `own` for a rubric that came by the API and is left as it is. */
  rubric = $state<RubricPreset | 'own'>('ranking');
  demonstrationOverlap = $state<number | undefined>(1);
  chatOverlap = $state<number | undefined>(1);
  comparisonOverlap = $state<number | undefined>(1);
  completionsPerComparison = $state<number | undefined>(4);
  maxTurns = $state<number | undefined>(40);
  maxCharacters = $state<number | undefined>(30_000);
  leaseMinutes = $state<number | undefined>(30);
  reopenMinutes = $state<number | undefined>(60);
  minDepth = $state<number | undefined>(1);
  /** In percent. */
  ownWords = $state<number | undefined>(0);
  rankOwnChats = $state(false);
  /** Empty for the built-in rules. */
  moderationModelId = $state('');
  actions = $state(everyAction(usualActions));
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
    this.chatOverlap = project.overlap.chat;
    this.comparisonOverlap = project.overlap.comparison;
    this.completionsPerComparison = project.completionsPerComparison;
    this.maxTurns = project.limits.maxTurns;
    this.maxCharacters = project.limits.maxCharacters;
    this.leaseMinutes = project.leaseMinutes;
    this.reopenMinutes = project.reopenMinutes;
    this.minDepth = project.pick.minDepth;
    this.ownWords = project.ownWords;
    this.rankOwnChats = project.rankOwnChats;
    this.moderationModelId = project.moderation.modelId ?? '';
    this.actions = everyAction(project.moderation.actions);
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
      overlap: { demonstration: this.demonstrationOverlap, chat: this.chatOverlap, comparison: this.comparisonOverlap },
      completionsPerComparison: this.completionsPerComparison,
      limits: { maxTurns: this.maxTurns, maxCharacters: this.maxCharacters },
      leaseMinutes: this.leaseMinutes,
      reopenMinutes: this.reopenMinutes,
      ...(typeof this.minDepth === 'number' && { pick: { minDepth: this.minDepth } }),
      ownWords: this.ownWords,
      rankOwnChats: this.rankOwnChats,
      moderation: { modelId: this.moderationModelId === '' ? null : this.moderationModelId, actions: this.actions },
    };
  }
}

/** The action of each category, in one order; what is not named is ignored. */
function everyAction(
  actions: Partial<Record<ModerationCategory, ModerationAction>>,
): Partial<Record<ModerationCategory, ModerationAction>> {
  return Object.fromEntries(moderationCategories.map((category) => [category, actions[category] ?? 'ignore']));
}

/** A rubric with its keys in the order of the presets, so that the two compare as text: a database may reorder them. */
function sorted({ name, overall, flags }: Project['rubric']): Project['rubric'] {
  return {
    name,
    overall: overall && { max: overall.max, low: overall.low, high: overall.high },
    flags: flags.map(({ key, label }) => ({ key, label })),
  };
}
