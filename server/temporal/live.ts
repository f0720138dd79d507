import type { CountdownStatus } from '../../workflows/messages.ts';
import { CountdownFailure, type Countdowns } from './countdowns.ts';

/** What a listener hears: a new status, or a sentence why there is none now. */
export type LiveMessage = { status: CountdownStatus } | { failure: string };
export type Listener = (message: LiveMessage) => void;

/** Told of every change of a countdown's status while somebody listens; nothing is asked while nobody does. */
export interface Live {
  listen(release: string, listener: Listener): () => void;
}

// People read seconds. One query per second and release, however many pages are open on it.
const POLL_MS = 1_000;

interface Watch {
  listeners: Set<Listener>;
  last: string;
  message: LiveMessage | null;
  timer: NodeJS.Timeout | null;
}

export interface LiveOptions {
  countdowns: Pick<Countdowns, 'status'>;
  pollMs?: number;
  /** Told of what is no modelled failure, so that it is not lost with the page that asked. */
  onFault: (error: unknown) => void;
}

export function createLive({ countdowns, pollMs = POLL_MS, onFault }: LiveOptions): Live {
  const watches = new Map<string, Watch>();

  async function poll(release: string, watch: Watch): Promise<void> {
    const message = await ask(release);
    // `now` and the length of the history move without anything having changed for a reader.
    const said = JSON.stringify('status' in message ? { ...message.status, now: '', historyEvents: 0 } : message);
    if (said !== watch.last) {
      watch.last = said;
      watch.message = message;
      for (const listener of watch.listeners) tell(listener, message);
    }
    if (watch.listeners.size > 0) watch.timer = setTimeout(() => void poll(release, watch), pollMs);
  }

  /**
   * What one listener throws ends neither the others nor the process: polls run for themselves, so that nobody would catch it. A status of an
   * older worker, which has not the shape that is sent today, is the known case.
   */
  function tell(listener: Listener, message: LiveMessage): void {
    try {
      listener(message);
    } catch (error) {
      onFault(error);
      if ('status' in message) tell(listener, { failure: 'the server cannot show what this countdown says now; its log says why' });
    }
  }

  async function ask(release: string): Promise<LiveMessage> {
    try {
      return { status: await countdowns.status(release) };
    } catch (error) {
      if (error instanceof CountdownFailure) return { failure: error.message };
      onFault(error);
      return { failure: 'the server failed at reading this countdown; its log says why' };
    }
  }

  return {
    listen(release, listener) {
      const known = watches.get(release);
      const watch = known ?? { listeners: new Set(), last: '', message: null, timer: null };
      watch.listeners.add(listener);
      if (watch.message) tell(listener, watch.message);
      if (!known) {
        watches.set(release, watch);
        void poll(release, watch);
      }
      return () => {
        watch.listeners.delete(listener);
        if (watch.listeners.size > 0) return;
        if (watch.timer) clearTimeout(watch.timer);
        watches.delete(release);
      };
    },
  };
}
