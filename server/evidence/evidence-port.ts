// Evidence for a thread, whatever store the server has: the thread asks for one chunk after the other through a port, and the server reads.
import type { MessagePort } from 'node:worker_threads';
import type { ReadEvidence } from './read-figures.ts';

/** `digest` with the first question of a reading; `stop` when no more is wanted. */
interface Question {
  reading: number;
  digest?: string;
  stop?: true;
}

type Answer = { reading: number } & ({ chunk: Uint8Array } | { end: true } | { failure: { name: string; message: string } });

/** Answers a thread until its port is closed. */
export function serveEvidence(port: MessagePort, read: ReadEvidence): void {
  const readings = new Map<number, AsyncIterator<Uint8Array>>();
  const finish = (reading: number): void => {
    const chunks = readings.get(reading);
    readings.delete(reading);
    // Closes the file of a reading that was given up; the thread is told nothing of it any more.
    chunks?.return?.().catch(() => undefined);
  };
  port.on('message', (question: Question) => void answer(question));
  port.on('close', () => [...readings.keys()].forEach(finish));

  async function answer({ reading, digest, stop }: Question): Promise<void> {
    if (stop) return finish(reading);
    try {
      if (digest !== undefined) readings.set(reading, read(digest)[Symbol.asyncIterator]());
      const next = await readings.get(reading)?.next();
      if (!next || next.done) return say({ reading, end: true });
      // A copy of its own, given away: a chunk may be a window into memory that others use.
      const chunk = new Uint8Array(next.value);
      port.postMessage({ reading, chunk } satisfies Answer, [chunk.buffer]);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      say({ reading, failure: { name, message } });
    }
  }

  function say(said: Answer): void {
    readings.delete(said.reading);
    port.postMessage(said);
  }
}

/** In the thread: reads evidence from the server. What a store throws is thrown here with its name. */
export function evidenceThrough(port: MessagePort): ReadEvidence {
  let readings = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  port.on('message', (said: Answer) => {
    waiting.get(said.reading)?.(said);
    waiting.delete(said.reading);
  });
  const ask = (question: Question): Promise<Answer> =>
    new Promise((resolve) => {
      waiting.set(question.reading, resolve);
      port.postMessage(question);
    });
  return async function* (digest) {
    const reading = (readings += 1);
    let ended = false;
    try {
      for (let said = await ask({ reading, digest }); ; said = await ask({ reading })) {
        if ('chunk' in said) {
          yield said.chunk;
          continue;
        }
        ended = true;
        if ('failure' in said) throw Object.assign(new Error(said.failure.message), { name: said.failure.name });
        return;
      }
    } finally {
      if (!ended) port.postMessage({ reading, stop: true } satisfies Question);
    }
  };
}
