import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { CountdownFailure, type Countdowns } from './countdowns.ts';

/** Event for a listener: a new status, or the reason why it cannot be read. */
export type LiveMessage = { status: CountdownStatus } | { failure: string };
export type Listener = (message: LiveMessage) => void;

/** Notifies listeners of every change of a status. Polls only while there are listeners. */
export interface Live {
  listen(release: string, listener: Listener): () => void;
}

// One query per second and release, shared by all open pages.
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
  /** Called with errors that are not modelled failures. */
  onFault: (error: unknown) => void;
}

export function createLive({ countdowns, pollMs = POLL_MS, onFault }: LiveOptions): Live {
  const watches = new Map<string, Watch>();

  async function poll(release: string, watch: Watch): Promise<void> {
    const message = await ask(release);
    // `now` and `historyEvents` change without a visible change.
    const serialized = JSON.stringify('status' in message ? { ...message.status, now: '', historyEvents: 0 } : message);
    if (serialized !== watch.last) {
      watch.last = serialized;
      watch.message = message;
      for (const listener of watch.listeners) tell(listener, message);
    }
    if (watch.listeners.size > 0) watch.timer = setTimeout(() => void poll(release, watch), pollMs);
  }

  /**
   * An error of one listener must not end the others or the process, because nobody awaits a poll. Known case: the status of an older worker has
   * another shape.
   */
  function tell(listener: Listener, message: LiveMessage): void {
    try {
      listener(message);
    } catch (error) {
      onFault(error);
      if ('status' in message) tell(listener, { failure: 'the server cannot show the status of this countdown; its log has the details' });
    }
  }

  async function ask(release: string): Promise<LiveMessage> {
    try {
      return { status: await countdowns.status(release) };
    } catch (error) {
      if (error instanceof CountdownFailure) return { failure: error.message };
      onFault(error);
      return { failure: 'the server failed to read this countdown; its log has the details' };
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
