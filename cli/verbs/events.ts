import type { Command } from 'commander';
import { EMPTY_CHAIN, verifyChain, type AuditRecord } from '../../verdict/audit-chain.ts';
import { connect } from '../api.ts';
import { EXIT } from '../exit-codes.ts';
import { print, printLine } from '../output.ts';
import { renderEvents, renderRecord } from '../render/events.ts';
import { readStatus } from './status.ts';

const LOOK_EVERY_MS = 1_000;

export function eventsCommand(program: Command): void {
  program
    .command('events')
    .description('the audit: who did what, with its chain verified here')
    .argument('<release>')
    .option('--follow', 'go on with new records until the countdown ends', false)
    .action(async (release: string, { follow }: { follow: boolean }, command: Command) => {
      const api = connect(command);
      const read = async (): Promise<AuditRecord[]> => (await api.get<{ items: AuditRecord[] }>(`/api/v1/releases/${encodeURIComponent(release)}/events`)).items;
      if (!follow) {
        // Head first: records may grow between the two questions, and a head that is behind is not a chain that was cut.
        const { auditHead } = await readStatus(api, release);
        const items = await read();
        const check = verifyChain(items, items.length === auditHead.seq ? auditHead : undefined);
        print(command, { apiVersion: 'tminus.dev/v1alpha1', kind: 'EventList', metadata: { name: release }, chain: check, items }, () => renderEvents(items, check));
        process.exitCode = check.ok ? EXIT.done : EXIT.unexpected;
        return;
      }
      let seen = EMPTY_CHAIN.seq;
      for (;;) {
        const { phase } = await readStatus(api, release);
        for (const record of (await read()).slice(seen)) {
          printLine(command, record, () => renderRecord(record));
          seen = record.seq;
        }
        if (phase === 'ended') return;
        await new Promise((again) => setTimeout(again, LOOK_EVERY_MS));
      }
    });
}
