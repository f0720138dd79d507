import type { Verdict } from '../verdict/verdict.ts';
import type { CountdownStatus } from '../workflows/messages.ts';

/** A countdown's status as the server answers it: there is no verdict while nothing stands against a countdown that is under way. */
export type ShownStatus = Omit<CountdownStatus, 'verdict'> & { verdict: Verdict | null };
