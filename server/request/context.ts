import type { Context } from 'hono';
import type { Principal } from '../../verdict/verdict.ts';
import type { Session } from '../identity/sessions.ts';

/** The authenticated caller, set by `authenticate.ts` for the handlers. */
export interface Visitor {
  principal: Principal;
  /** null with a bearer token. */
  session: Session | null;
}

export interface AppEnv {
  Variables: { visitor: Visitor };
}

export type AppContext = Context<AppEnv>;
