// What the exit code of `tminus` means. `tminus help exit-codes` and docs/reference/exit-codes.md are made from this table.

import { isGoodEnding } from '../verdict/words.ts';
import type { Ending } from '../workflows/messages.ts';

export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  noGo: 3,
  notSignedIn: 4,
  undecided: 5,
  refused: 6,
  interrupted: 130,
} as const;

/** Of a countdown that has ended, for `status --wait` and `rehearse`. */
export const exitCodeOfEnding = (ending: Ending | undefined): number => (isGoodEnding(ending) ? EXIT.done : EXIT.noGo);

export const exitCodeRows: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, 'done; for status --wait and rehearse: launched, or passed where the plan has no launch; for doctor: nothing is missing'],
  [
    EXIT.unexpected,
    'unexpected error; the server, Temporal or a worker does not answer, or an answer did not come in time, so that what was sent may still count; for doctor: something is missing',
  ],
  [
    EXIT.usage,
    'wrong usage, a countdown that is not there, or a file that is not valid or cannot be read; for start and rehearse: a release that this server does not start as it is written',
  ],
  [
    EXIT.noGo,
    'the verdict is no-go: for status --wait and rehearse, the countdown ended as no-go, refused, aborted or rolled back, or its rollback is incomplete; for analyze and alarms budget: something fails; for verify and events: evidence, findings or the audit are not what they were; for restore: something could not be restored',
  ],
  [EXIT.notSignedIn, 'not signed in'],
  [
    EXIT.undecided,
    'undecided: still counting or holding when --timeout ran out, nothing can be said from the evidence or the files; for restore: an undo still stands, was only shown, or is not proven',
  ],
  [
    EXIT.refused,
    'refused: what was asked for is not allowed, not possible in this state, or was decided on what has changed since; for start and rehearse: the countdown was refused while the command waited for it to begin, or another one has its name',
  ],
  [EXIT.interrupted, 'interrupted'],
];
