import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import { verifyChain, type AuditRecord, type ChainCheck, type ChainHead } from '../../verdict/audit-chain.ts';
import { connect, countdownPath, type Api } from '../api.ts';
import { EXIT } from '../exit-codes.ts';
import { hint, API_VERSION, print, printLine } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { patiently } from '../patience.ts';
import { renderCheck, renderEvents, renderRecord } from '../render/events.ts';

const POLL_EVERY_MS = 1_000;

const EXAMPLES: Examples = [
  ['who did what', 'tminus events go-api-1.4.0'],
  ['follow new records until the countdown ends', 'tminus events go-api-1.4.0 --follow'],
  ['actions of people, for a script', 'tminus events go-api-1.4.0 --json | jq -r \'.items[] | select(.actor != "tminus") | .action\''],
];

export function eventsCommand(program: Command): void {
  program
    .command('events')
    .description('Show the audit log; its hash chain is verified on this machine')
    .argument(...COUNTDOWN)
    .option('--follow', 'print new records until the countdown ends', false)
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (countdown: string, { follow }: { follow: boolean }, command: Command) => {
      const api = connect(command);
      const check = follow ? await followEvents(api, countdown, command) : await showEvents(api, countdown, command);
      process.exitCode = check.ok ? EXIT.done : EXIT.noGo;
    });
}

/** Reads the head first: between the two requests records may be added, but never removed. */
async function readAudit(api: Api, countdown: string): Promise<{ items: AuditRecord[]; check: ChainCheck; ended: boolean }> {
  const { auditHead, phase } = await readStatus(api, countdown);
  const { items } = await api.get<{ items: AuditRecord[] }>(countdownPath(countdown, '/events'));
  return { items, check: checkOf(items, auditHead), ended: phase === 'ended' };
}

/** Verifies the chain and its head: a head that differs from the countdown's own means that the tail was cut off or replaced. */
function checkOf(items: readonly AuditRecord[], head: ChainHead): ChainCheck {
  const whole = verifyChain(items);
  if (!whole.ok) return whole;
  const known = verifyChain(items.slice(0, head.seq), head);
  return known.ok ? whole : known;
}

async function showEvents(api: Api, countdown: string, command: Command): Promise<ChainCheck> {
  const { items, check } = await readAudit(api, countdown);
  const chain = check.ok
    ? { state: 'verified', records: check.records, head: check.head }
    : { state: 'broken', firstBadRecord: check.seq, message: check.message };
  print(command, { apiVersion: API_VERSION, kind: 'EventList', metadata: { name: countdown }, chain, items }, (shown) =>
    renderEvents(shown.items, check),
  );
  return check;
}

async function followEvents(api: Api, countdown: string, command: Command): Promise<ChainCheck> {
  let printed = 0;
  for (;;) {
    const { items, check, ended } = await patiently(() => readAudit(api, countdown), {
      first: printed === 0,
      report: (line) => hint(command, line),
    });
    for (const record of items.slice(printed))
      printLine(command, { apiVersion: API_VERSION, kind: 'Event', metadata: { name: countdown }, ...record }, (shown) =>
        renderRecord(shown),
      );
    printed = items.length;
    if (ended || !check.ok) {
      // With JSON output every line is a record; there the exit code has the result.
      hint(command, renderCheck(check));
      return check;
    }
    await new Promise((again) => setTimeout(again, POLL_EVERY_MS));
  }
}
