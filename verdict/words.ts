// The words of a status as people see them, the same on the page and in a terminal: each has a text and a tone. Symbols and colours are
// each skin's own.
import type { Phase } from './can.ts';
import type { Verdict } from './verdict.ts';

/** `go`, `no-go` and `hold` as verdicts are; `busy`: under way; `later`: not yet, or no longer, of weight. */
export type Tone = 'go' | 'hold' | 'no-go' | 'busy' | 'later';

interface Word {
  text: string;
  tone: Tone;
}

export const statusWords = {
  go: { text: 'go', tone: 'go' },
  hold: { text: 'hold', tone: 'hold' },
  'no-go': { text: 'no-go', tone: 'no-go' },
  pass: { text: 'pass', tone: 'go' },
  fail: { text: 'fail', tone: 'no-go' },
  inconclusive: { text: 'inconclusive', tone: 'hold' },
  waived: { text: 'waived', tone: 'hold' },
  note: { text: 'note', tone: 'later' },
  later: { text: 'later', tone: 'later' },
  running: { text: 'running', tone: 'busy' },
  waiting: { text: 'waiting for people', tone: 'hold' },
  done: { text: 'done', tone: 'go' },
  // Nothing was measured: that holds, and it is no failure of what was to be measured.
  'failed-to-run': { text: 'could not run', tone: 'hold' },
  approve: { text: 'go', tone: 'go' },
  reject: { text: 'no-go', tone: 'no-go' },
  opening: { text: 'opening', tone: 'busy' },
  counting: { text: 'counting', tone: 'busy' },
  holding: { text: 'on hold', tone: 'hold' },
  stopped: { text: 'stopped', tone: 'no-go' },
  undoing: { text: 'rolling back', tone: 'no-go' },
  ended: { text: 'over', tone: 'later' },
  launched: { text: 'launched', tone: 'go' },
  passed: { text: 'passed', tone: 'go' },
  'rolled-back': { text: 'rolled back', tone: 'no-go' },
  aborted: { text: 'aborted', tone: 'no-go' },
  refused: { text: 'refused', tone: 'no-go' },
  'undo-incomplete': { text: 'rollback incomplete', tone: 'no-go' },
} as const satisfies Record<string, Word>;

export type StatusWord = keyof typeof statusWords;

/** Endings after which nothing is left to do: the release was launched, or a plan without a launch passed. */
export const isGoodEnding = (ending: string | undefined): boolean => ending === 'launched' || ending === 'passed';

/** What keeps going while the clock stands, or null: a hold never leaves a candidate unwatched. */
export function guardUnderHold({
  phase,
  holds,
  checkpoints,
}: {
  phase: Phase;
  holds: readonly unknown[];
  checkpoints: readonly { steps: readonly { type: string; state: string }[] }[];
}): string | null {
  const held = holds.length > 0 || phase === 'holding';
  const watched = checkpoints.some(({ steps }) => steps.some(({ type, state }) => type === 'guard' && state === 'running'));
  return held && watched ? 'the guard continues during the hold' : null;
}

/**
 * The verdict of a countdown as people and programs may take it: while it is under way and nothing stands against it, there is none yet. A
 * `go` before anything was judged would be believed. What each checkpoint was judged to be stands with the checkpoint.
 */
export function shownVerdict(verdict: Verdict, over: boolean): Verdict | null {
  return verdict === 'go' && !over ? null : verdict;
}

/** The word on top: the ending, or the verdict; but while there is none yet, what the countdown is doing. No green before its time. */
export function headWord<Ending extends StatusWord>({
  ending,
  verdict,
  phase,
}: {
  ending?: Ending;
  verdict: Verdict | null;
  phase: Phase;
}): Ending | Verdict | Phase {
  return ending ?? (verdict === null || verdict === 'go' ? phase : verdict);
}

/**
 * The time a countdown is shown at, in ms since 1970: the reader's own clock, because the countdown's `now` is that of its last event and may be
 * days old; in a rehearsal its virtual clock; after the end the time of the end.
 */
export function clockMs({ rehearsal, now, endedAt }: { rehearsal: boolean; now: string; endedAt?: string }, wallMs: number): number {
  if (endedAt !== undefined) return Date.parse(endedAt);
  return rehearsal ? Date.parse(now) : wallMs;
}
