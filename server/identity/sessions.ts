import { randomBytes } from 'node:crypto';
import type { Action } from '../../verdict/action.ts';

/** Result of the last action of a session, shown once. */
export interface Outcome {
  /** Path of the page that shows it, so that another tab does not consume it. */
  at: string;
  text: string;
  tone: 'go' | 'no-go';
  /** Input of the form of a refused action, to be filled in again. */
  draft?: Draft;
}

export interface Draft {
  action: Action;
  /** Set for a waiver. */
  finding?: string;
  comment: string;
}

/** A signed-in browser. */
export interface Session {
  /** Hash of the token it was opened with. Principal and groups are looked up at each request. */
  tokenHash: string;
  /** CSRF token, part of every form; pages of other sites cannot read it. */
  csrf: string;
  expiresAtMs: number;
  outcome?: Outcome;
}

// A working day with overtime; a new sign-in costs one paste.
const SESSION_MS = 12 * 3_600_000;
// About 1 kB each, 5 kB with the longest draft: at most 5 MB. The oldest session is removed first.
const MAX_SESSIONS = 1_000;

/** Sessions in memory: a restart signs everyone out, and there is no session file to steal. */
export interface Sessions {
  open(tokenHash: string): { id: string; session: Session };
  find(id: string): Session | null;
  close(id: string): void;
}

export function createSessions(now: () => number = Date.now): Sessions {
  const sessions = new Map<string, Session>();
  return {
    open(tokenHash) {
      const oldest = sessions.keys().next();
      if (sessions.size >= MAX_SESSIONS && !oldest.done) sessions.delete(oldest.value);
      const id = randomBytes(32).toString('base64url');
      const session: Session = { tokenHash, csrf: randomBytes(32).toString('base64url'), expiresAtMs: now() + SESSION_MS };
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
