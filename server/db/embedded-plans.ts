import { types, type PGlite } from '@electric-sql/pglite';
import type { KeptPlans } from './database.ts';

/**
 * PGlite's own `query` has each statement parsed and planned anew, which for the larger ones takes longer than to run them.
 * Here they are planned once, by PREPARE. EXECUTE takes no parameters from outside, only literals, so the values are
 * written into it.
 */
export class EmbeddedPlans implements KeptPlans {
  readonly #client: PGlite;
  readonly #prepared = new Map<string, Promise<unknown>>();

  constructor(client: PGlite) {
    this.#client = client;
  }

  async run<Row>(name: string, text: string, params: readonly unknown[]): Promise<Row[]> {
    let prepared = this.#prepared.get(name);
    if (!prepared) {
      prepared = this.#client.exec(`prepare ${name} as ${text}`);
      this.#prepared.set(name, prepared);
      prepared.catch(() => this.#prepared.delete(name));
    }
    await prepared;
    const values = params.length > 0 ? `(${params.map(literal).join(', ')})` : '';
    // Moments as they are printed, as from the other driver.
    const parsers = { [types.TIMESTAMPTZ]: (value: string) => value };
    return (await this.#client.query<Row>(`execute ${name}${values}`, [], { parsers })).rows;
  }
}

/**
 * A value as an SQL literal, typed by the parameter that it stands for. With `standard_conforming_strings` on, a quoted
 * string holds anything but NUL if its quotes are doubled.
 */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return quoted(`{${value.map(element).join(',')}}`);
  throw new TypeError(`a ${typeof value} is no value of a statement`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** An element of an array in PostgreSQL's own notation (PostgreSQL documentation, 8.15.6). */
function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `"${value.replace(/[\\"]/g, '\\$&')}"`;
  throw new TypeError(`a ${typeof value} is no element of an array`);
}
