// Seconds from a fault to the first message and to the first write of the rollback, both as outsiders noted them.
import { auditWrites } from '../../lab/index.ts';
import { pause } from '../e2e/installation.ts';
import type { LiveCase, Situation } from './faults.ts';
import { endingOf } from './launch.ts';
import type { Receiver } from './receiver.ts';

const SHOP = { namespace: 'shop', deployment: 'go-api' };
const POLL_MS = 500;
/** So long past its limit a write is still waited for: how late it came is worth knowing. */
const LATE_MS = 60_000;
/** A rollback of three pods and its proof take 10 to 20 s; a worker that was killed, some more. */
const ENDED_TIMEOUT_MS = 180_000;

export interface Row {
  id: string;
  what: string;
  messageS: number | null;
  writeS: number | null;
  ending: string;
  limit: string;
  failed: string[];
}

/** Runs one case on a launch that is guarded. Nothing of the fault is left afterwards. */
export async function measure(each: LiveCase, situation: Situation, receiver: Receiver, current: string): Promise<Row> {
  let writeAt: Date | undefined;
  let began: Date;
  try {
    await each.before?.(situation);
    began = await each.begin(situation);
    writeAt = await firstRollbackWrite(began, current, each.writeS.to * 1_000 + LATE_MS);
  } finally {
    await each.heal?.(situation);
  }
  const ending = await endingOf(situation.installation, situation.release, ENDED_TIMEOUT_MS);
  return judge(each, began, writeAt, receiver.firstSince(situation.release, began)?.at, ending);
}

async function firstRollbackWrite(since: Date, current: string, timeoutMs: number): Promise<Date | undefined> {
  while (Date.now() - since.getTime() < timeoutMs) {
    const write = (await auditWrites({ ...SHOP, since })).find(({ image }) => image === current);
    if (write) return new Date(write.at);
    await pause(POLL_MS);
  }
  return undefined;
}

function judge(each: LiveCase, began: Date, writeAt: Date | undefined, messageAt: Date | undefined, ending: string): Row {
  const after = (at: Date | undefined) => (at === undefined ? null : (at.getTime() - began.getTime()) / 1_000);
  const [writeS, messageS] = [after(writeAt), after(messageAt)];
  const { from, to } = each.writeS;
  const failed: string[] = [];
  if (writeS === null || writeS < from || writeS > to) failed.push('first write');
  if (each.messageS !== undefined && (messageS === null || messageS > each.messageS)) failed.push('message');
  if (ending !== 'rolled-back') failed.push('ending');
  const write = from === 0 ? `write <= ${to}` : `write ${from} to ${to}`;
  const limit = each.messageS === undefined ? write : `message <= ${each.messageS}, ${write}`;
  return { id: each.id, what: each.what, messageS, writeS, ending, limit, failed };
}
