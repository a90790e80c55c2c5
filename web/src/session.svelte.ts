import { signOut, whoAmI, type User } from '../../shared/accounts.ts';
import { call, Refused, whenSignedOut } from './api.ts';

/** Who is signed in here; one for the whole page. */
class Session {
  /** Null where nobody is signed in, or where that is not known yet. */
  user = $state.raw<User | null>(null);
  /** True once it is known whether somebody is signed in. */
  ready = $state(false);
  /** True where a session ended while its user was at work: the shell asks for the password over the page. */
  ended = $state(false);

  /** Asks the server who is signed in. @throws Offline, Refused other than for not being signed in */
  async load(): Promise<void> {
    try {
      this.enter((await call(whoAmI, {})).user);
    } catch (error) {
      if (!(error instanceof Refused && error.problem.code === 'not_signed_in')) throw error;
      this.user = null;
      this.ready = true;
    }
  }

  /** Takes over the user that a sign-in, set-up or change of profile answered with. */
  enter(user: User): void {
    this.user = user;
    this.ready = true;
    this.ended = false;
  }

  async signOut(): Promise<void> {
    await call(signOut, {}).catch((error: unknown) => {
      if (!(error instanceof Refused && error.problem.code === 'not_signed_in')) throw error;
    });
    this.user = null;
    this.ended = false;
  }
}

export const session = new Session();

whenSignedOut(() => {
  session.ended = session.user !== null;
});
