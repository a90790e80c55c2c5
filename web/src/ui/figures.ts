/** Figures and moments as people read them. */

const counts = new Intl.NumberFormat('en');
const moments = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const clocks = new Intl.DateTimeFormat('en', { timeStyle: 'medium' });
const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

export function count(value: number): string {
  return counts.format(value);
}

/** `1 row`, `2,000 rows`; `plural` where it is not formed with an s. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** Whole percent, never 100 before all is done nor 0 once something is. */
export function percent(part: number, whole: number): number {
  if (whole <= 0) return 0;
  const rounded = Math.round((100 * part) / whole);
  if (part < whole) return Math.min(rounded, 99) || (part > 0 ? 1 : 0);
  return 100;
}

/** Milliseconds as `h:mm`, begun minutes left out. */
export function hours(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

/** How long until `moment`, roughly, as `12 min` or `3 h`; null once it has passed. */
export function until(moment: string, now: number): string | null {
  const minutes = Math.ceil((Date.parse(moment) - now) / 60_000);
  if (minutes <= 0) return null;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / (24 * 60))} days`;
}

export function moment(iso: string): string {
  return moments.format(new Date(iso));
}

/** The time of day to the second, for what is near. */
export function clock(iso: string): string {
  return clocks.format(new Date(iso));
}

export function day(iso: string): string {
  return days.format(new Date(iso));
}

/** Bytes as `12 KB`, `3.4 MB`. */
export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let power = 0;
  let scaled = value;
  while (scaled >= 1000 && power < units.length - 1) {
    scaled /= 1000;
    power++;
  }
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`;
}
