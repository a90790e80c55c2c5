/** Before every id. */
const beginning = '00000000-0000-0000-0000-000000000000';
/** A page is to hold about so much text, in UTF-16 code units; one page is read ahead. */
const pageSize = 500_000;
const firstLimit = 100;
const greatestLimit = 2_000;

/** A page of rows in the order of ids, with what it takes to write them, and how much text that is. */
export interface Page<Row extends { id: string }> {
  rows: Row[];
  size: number;
}

/**
 * Goes through rows by their ids, page by page, and reads the next page while one is being used. Pages take fewer rows where
 * texts are long, so that memory does not grow with either.
 */
export async function* pages<Row extends { id: string }, P extends Page<Row>>(
  load: (after: string, limit: number) => Promise<P>,
): AsyncGenerator<P> {
  let limit = firstLimit;
  let coming = load(beginning, limit);
  for (;;) {
    const page = await coming;
    const last = page.rows.at(-1);
    if (last === undefined) return;
    if (page.size > 0)
      limit = Math.min(greatestLimit, 2 * limit, Math.max(1, Math.floor((page.rows.length * pageSize) / page.size)));
    coming = load(last.id, limit);
    // If nobody goes on, nobody hears of its failure either.
    coming.catch(() => undefined);
    yield page;
  }
}
