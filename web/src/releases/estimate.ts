/** How many rows there are in all, where a share (above 0, to 1) of what is collected gave `rows`; to two digits. */
export function estimate(rows: number, share: number): number {
  return Number((rows / Math.max(share, 1e-6)).toPrecision(2));
}
