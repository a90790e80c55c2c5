/**
 * Loaded into a server process with `--import`: at each SIGUSR2 its clock goes on by ten minutes, so that a test need not
 * wait for a lease to run out. Timers run as ever.
 */
const step = 10 * 60_000;
const RealDate = Date;
let ahead = 0;

class MovableDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(RealDate.now() + ahead);
    else super(...given);
  }

  static override now(): number {
    return RealDate.now() + ahead;
  }
}

// Date called as a function, or with year and month apart, is not needed on the server.
globalThis.Date = MovableDate as DateConstructor;
process.on('SIGUSR2', () => {
  ahead += step;
});
