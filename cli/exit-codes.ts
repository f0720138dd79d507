// Exit codes of `tminus`; `tminus help exit-codes` and docs/reference/exit-codes.md are generated from this table.

import { isGoodEnding } from '../verdict/words.ts';
import type { Ending } from '../verdict/countdown-status.ts';

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

/** Exit code for an ended countdown, for `status --wait` and `rehearse`. */
export const exitCodeOfEnding = (ending: Ending | undefined): number => (isGoodEnding(ending) ? EXIT.done : EXIT.noGo);

export const exitCodeRows: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, 'done; for status --wait and rehearse: launched, or passed if the plan has no launch; for doctor: no check fails'],
  [
    EXIT.unexpected,
    'unexpected error; the server, Temporal or a worker does not respond, or a request timed out and may still take effect; for doctor: a check fails',
  ],
  [
    EXIT.usage,
    'wrong usage, unknown countdown, or a file that is not valid or not readable; for start and rehearse: a release that this server refuses to start',
  ],
  [
    EXIT.noGo,
    [
      'the verdict is no-go: for status --wait and rehearse, the countdown ended as no-go, refused, aborted or rolled back, or its rollback is incomplete',
      'for analyze and alarms budget: a finding fails',
      'for verify and events: evidence, findings or audit log do not match',
      'for restore: an undo could not be read or restored',
    ].join('; '),
  ],
  [EXIT.notSignedIn, 'not authenticated'],
  [
    EXIT.undecided,
    [
      'undecided: still counting or holding after --timeout, or the evidence is inconclusive',
      'for restore: an undo is still open, was only printed, or is not proven',
    ].join('; '),
  ],
  [
    EXIT.refused,
    [
      'refused: not allowed, not possible in this state, or decided on an old revision',
      'for start and rehearse: the countdown was refused while the command waited for it to begin, or its name is in use',
    ].join('; '),
  ],
  [EXIT.interrupted, 'interrupted'],
];
