import type { Origin } from '../../shared/releases.ts';
import { pairs } from '../../shared/ranking.ts';
import type { AuthorKind } from '../conversations/author.ts';
import type { Database } from '../db/database.ts';
import { pages } from './pages.ts';
import { type MessageRow, type RankingRow, selectMessages, selectRankings } from './queries.ts';

/**
 * Preference pairs in TRL's explicit form, ranking by ranking: one row for each two completions of which one was ranked
 * above the other; a tie makes none. `weight` is 1/(K(K-1)/2) for K completions, so that a ranking without ties weighs 1
 * whatever K is; `distance` is how many places lie between the two. Where the completions were sampled here, `sampling_id`
 * and `round` say how, and `picked` which of the two is the message that was picked from a chat.
 */
export async function* comparisonRows(db: Database, projectId: string): AsyncGenerator<string> {
  for await (const { rows, messages } of pages(async (after, limit) => {
    const rows = await selectRankings(db, projectId, after, limit);
    const messages = await selectMessages(db, [...new Set(rows.map(({ conversationId }) => conversationId))]);
    return {
      rows,
      messages: new Map(messages.map((message) => [message.id, message])),
      size: messages.reduce((sum, { content }) => sum + content.length, 0),
    };
  })) {
    const prompts = new Map<string, string>();
    for (const ranking of rows) {
      const { promptMessageId } = ranking;
      let prompt = prompts.get(promptMessageId);
      if (prompt === undefined) {
        prompt = JSON.stringify(pathTo(messages, promptMessageId).map(({ role, content }) => ({ role, content })));
        prompts.set(promptMessageId, prompt);
      }
      yield pairRows(
        ranking,
        prompt,
        ranking.completionIds.map((id) => found(messages, id)),
      );
    }
  }
}

/** The rows of one ranking. Each text is made JSON once, since it stands in up to K-1 rows. */
function pairRows(ranking: RankingRow, prompt: string, completions: readonly MessageRow[]): string {
  const { id, comparisonId, groups, completionIds, samplingId, originalId, round } = ranking;
  const k = completionIds.length;
  const texts = completions.map(({ content }) => JSON.stringify([{ role: 'assistant', content }]));
  const models = completions.map(({ model }) => JSON.stringify(model));
  const original = completionIds.findIndex((completionId) => completionId === originalId);
  const begin = `{"prompt":${prompt},"chosen":`;
  const sampled = `"sampling_id":${JSON.stringify(samplingId)},"round":${round}`;
  const end = `"group_id":"${comparisonId}","ranking_id":"${id}","k":${k},"weight":${1 / ((k * (k - 1)) / 2)},${sampled},"distance":`;
  let rows = '';
  for (const { better, worse, distance } of pairs(groups)) {
    const origin = originOf(completions[better]?.authorKind, completions[worse]?.authorKind);
    const picked = better === original ? '"chosen"' : worse === original ? '"rejected"' : 'null';
    const written = `"origin":"${origin}","chosen_model":${models[better]},"rejected_model":${models[worse]},"picked":${picked}`;
    rows += `${begin}${texts[better]},"rejected":${texts[worse]},${written},${end}${distance}}\n`;
  }
  return rows;
}

function originOf(better: AuthorKind | undefined, worse: AuthorKind | undefined): Origin {
  if (better !== worse) return 'import';
  return better === 'trainer' ? 'human' : better === 'model' ? 'model' : 'import';
}

function pathTo(messages: ReadonlyMap<string, MessageRow>, id: string): MessageRow[] {
  const path: MessageRow[] = [];
  for (let next: string | null = id; next !== null;) {
    const message: MessageRow = found(messages, next);
    path.push(message);
    next = message.parentId;
  }
  return path.reverse();
}

function found(messages: ReadonlyMap<string, MessageRow>, id: string): MessageRow {
  const message = messages.get(id);
  if (!message) throw new Error(`message ${id} is missing from its conversation`);
  return message;
}
