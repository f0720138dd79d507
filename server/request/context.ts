import type { Context } from 'hono';
import type { Principal } from '../../verdict/verdict.ts';
import type { Session } from '../identity/sessions.ts';

/** What the identity guard leaves for handlers. */
export interface Visitor {
  principal: Principal;
  /** null when the principal came with a bearer token. */
  session: Session | null;
}

export interface AppEnv {
  Variables: { visitor: Visitor };
}

export type AppContext = Context<AppEnv>;
