import type { Example, Field, FieldType, Json, OfShape, Row, Shape } from '../examples.ts';

/** How examples of one shape become rows of a published format. */
export interface Format<S extends Shape = Shape> {
  readonly shape: S;
  /** The columns, in their order. */
  readonly fields: readonly Field[];
  /** Why this format cannot hold the example, in words, or null. The same words for the same cause, so that they can be counted. */
  unfit(example: Example): string | null;
  /** The row of an example that is not unfit. */
  row(example: Example): Row;
}

/** A format that throws where it is given an example of another shape. */
export function formatOf<S extends Shape>(
  shape: S,
  fields: readonly Field[],
  row: (example: OfShape<S>) => Row,
  unfit: (example: OfShape<S>) => string | null,
): Format<S> {
  const isOf = (example: Example): example is OfShape<S> => example.shape === shape;
  const own = (example: Example): OfShape<S> => {
    if (!isOf(example)) throw new Error(`this format is made from a ${shape}, not from a ${example.shape}`);
    return example;
  };
  return { shape, fields, unfit: (example) => unfit(own(example)), row: (example) => row(own(example)) };
}

/** A column with how its value is got from an example. */
export interface Column<E> {
  readonly field: Field;
  readonly of: (example: E) => Json;
}

interface Lasting {
  /** Whether it may be null or absent. */
  readonly nullable?: boolean;
}

export function column<E>(
  name: string,
  type: FieldType,
  about: string,
  of: (example: E) => Json,
  { nullable = false }: Lasting = {},
): Column<E> {
  return { field: { name, type, nullable, about }, of };
}

/** A format whose rows are just its columns. */
export function tabular<S extends Shape>(
  shape: S,
  columns: readonly Column<OfShape<S>>[],
  unfit: (example: OfShape<S>) => string | null = () => null,
): Format<S> {
  const fields = columns.map(({ field }) => field);
  // V8 keeps an object that grows column by column as a hash table: making it takes three times as long, writing it half as long again.
  const empty: Readonly<Record<string, Json>> = Object.fromEntries(fields.map(({ name }) => [name, null]));
  return formatOf(
    shape,
    fields,
    (example) => {
      const row = { ...empty };
      for (const { field, of } of columns) row[field.name] = of(example);
      return row;
    },
    unfit,
  );
}
