import { randomBytes } from 'node:crypto';
import type { Action } from '../../verdict/action.ts';

/** What the last act of a browser led to, to be shown once. */
export interface Outcome {
  /** Path of the page it is shown on: another tab must not take it away. */
  at: string;
  text: string;
  tone: 'go' | 'no-go';
  /** What was typed into the form of an act that did not count, to be given back. */
  draft?: Draft;
}

export interface Draft {
  action: Action;
  /** Of a waiver. */
  finding?: string;
  comment: string;
}

/** A signed-in browser. */
export interface Session {
  /** Of the token it was opened with. Who that is, and in which groups, is asked anew at each request. */
  tokenHash: string;
  /** Goes into every form; a page of another site cannot know it. */
  csrf: string;
  expiresAtMs: number;
  outcome?: Outcome;
}

// A working day and its overtime; launches are long, and signing in again costs one paste.
const SESSION_MS = 12 * 3_600_000;
// About 1 kB each, and 5 kB with the longest draft: a flood of sign-ins costs megabytes, not the process. The oldest goes first.
const MOST_SESSIONS = 1_000;

/** Sessions live in memory: a restart signs everyone out, and there is no session file to steal. */
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
      if (sessions.size >= MOST_SESSIONS && !oldest.done) sessions.delete(oldest.value);
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
