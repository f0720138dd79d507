import { randomBytes } from 'node:crypto';
import type { Principal } from '../../verdict/verdict.ts';

/** A signed-in browser. */
export interface Session {
  principal: Principal;
  /** Goes into every form; a page of another site cannot know it. */
  csrf: string;
  expiresAtMs: number;
  /** Sentence to show once on the next page. */
  notice?: string;
}

// A working day and its overtime; launches are long, and signing in again costs one paste.
const SESSION_MS = 12 * 3_600_000;
// About 1 kB each: a flood of sign-ins costs a megabyte, not the process. The oldest goes first.
const MOST_SESSIONS = 1_000;

/** Sessions live in memory: a restart signs everyone out, and there is no session file to steal. */
export interface Sessions {
  open(principal: Principal): { id: string; session: Session };
  find(id: string): Session | null;
  close(id: string): void;
}

export function createSessions(now: () => number = Date.now): Sessions {
  const sessions = new Map<string, Session>();
  return {
    open(principal) {
      const oldest = sessions.keys().next();
      if (sessions.size >= MOST_SESSIONS && !oldest.done) sessions.delete(oldest.value);
      const id = randomBytes(32).toString('base64url');
      const session: Session = { principal, csrf: randomBytes(32).toString('base64url'), expiresAtMs: now() + SESSION_MS };
      sessions.set(id, session);
      return { id, session };
    },
    find(id) {
      const session = sessions.get(id);
      if (!session) return null;
      if (session.expiresAtMs > now()) return session;
      sessions.delete(id);
      return null;
    },
    close(id) {
      sessions.delete(id);
    },
  };
}
