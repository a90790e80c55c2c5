/** Longer texts are cut until all of the row is asked for, in UTF-16 code units. */
const cutAt = 240;

/** A row of a dataset as it is read: one line for each value. Where `whole` is not asked for, long texts are cut. */
export function rowText(json: string, whole: boolean): { text: string; cut: boolean } {
  let cut = false;
  const shorten = (_: string, value: unknown): unknown => {
    if (typeof value !== 'string' || value.length <= cutAt) return value;
    cut = true;
    return whole ? value : `${value.slice(0, cutAt)} … (${value.length - cutAt} more characters)`;
  };
  try {
    return { text: JSON.stringify(JSON.parse(json), shorten, 2), cut };
  } catch {
    // Not one JSON text: as it is.
    return { text: whole ? json : json.slice(0, cutAt), cut: json.length > cutAt };
  }
}
