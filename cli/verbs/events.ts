import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import { verifyChain, type AuditRecord, type ChainCheck, type ChainHead } from '../../verdict/audit-chain.ts';
import { connect, releasePath, type Api } from '../api.ts';
import { EXIT } from '../exit-codes.ts';
import { hint, API_VERSION, print, printLine } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { patiently } from '../patience.ts';
import { renderCheck, renderEvents, renderRecord } from '../render/events.ts';

const LOOK_EVERY_MS = 1_000;

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
    .action(async (release: string, { follow }: { follow: boolean }, command: Command) => {
      const api = connect(command);
      const check = follow ? await followEvents(api, release, command) : await showEvents(api, release, command);
      process.exitCode = check.ok ? EXIT.done : EXIT.noGo;
    });
}

/** The head first: records may grow between the two questions, but never shrink. */
async function readAudit(api: Api, release: string): Promise<{ items: AuditRecord[]; check: ChainCheck; ended: boolean }> {
  const { auditHead, phase } = await readStatus(api, release);
  const { items } = await api.get<{ items: AuditRecord[] }>(releasePath(release, '/events'));
  return { items, check: checkOf(items, auditHead), ended: phase === 'ended' };
}

/** Whole in itself, and at the head's place exactly what the countdown itself says: else its tail was cut off or replaced. */
function checkOf(items: readonly AuditRecord[], head: ChainHead): ChainCheck {
  const whole = verifyChain(items);
  if (!whole.ok) return whole;
  const known = verifyChain(items.slice(0, head.seq), head);
  return known.ok ? whole : known;
}

async function showEvents(api: Api, release: string, command: Command): Promise<ChainCheck> {
  const { items, check } = await readAudit(api, release);
  const chain = check.ok
    ? { state: 'verified', records: check.records, head: check.head }
    : { state: 'broken', firstBadRecord: check.seq, message: check.sentence };
  print(command, { apiVersion: API_VERSION, kind: 'EventList', metadata: { name: release }, chain, items }, (shown) =>
    renderEvents(shown.items, check),
  );
  return check;
}

async function followEvents(api: Api, release: string, command: Command): Promise<ChainCheck> {
  let seen = 0;
  for (;;) {
    const { items, check, ended } = await patiently(() => readAudit(api, release), {
      first: seen === 0,
      tell: (line) => hint(command, line),
    });
    for (const record of items.slice(seen))
      printLine(command, { apiVersion: API_VERSION, kind: 'Event', metadata: { name: release }, ...record }, (shown) =>
        renderRecord(shown),
      );
    seen = items.length;
    if (ended || !check.ok) {
      // In a stream of documents every line is a record; the exit code says the rest.
      hint(command, renderCheck(check));
      return check;
    }
    await new Promise((again) => setTimeout(again, LOOK_EVERY_MS));
  }
}
