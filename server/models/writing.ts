import type { ModerationCategory } from '../../shared/moderation-terms.ts';
import type { Asked, Writing } from './provider.ts';
import type { ModelRow } from './queries.ts';

/** Asking models: the one door to their servers, with each model's places, its rate limit and its retries behind it. */
export interface Models {
  /**
   * Has a model write. Waits for a free place and for the time that its server asked us to wait, and tries again, with
   * growing pauses, where it fails before its first piece; `onWait` hears why one waits, in words, and null once it is over.
   * After the first piece a failure is thrown. Throws `ModelFailure`, or the signal's reason.
   */
  write(model: ModelRow, asked: Asked, signal: AbortSignal, onWait?: (detail: string | null) => void): Writing;
  /** What a model of the provider `moderations` says of a text. Throws `ModelFailure`. */
  judge(model: ModelRow, text: string, signal: AbortSignal): Promise<ModerationCategory[]>;
}
