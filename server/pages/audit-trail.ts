// The audit log on its page and in the report: verification of the chain, then the records.
import { verifyChain, type AuditRecord, type ChainCheck, type ChainHead } from '../../verdict/audit-chain.ts';
import { columnHeads, markup, type Markup } from '../evidence/markup.ts';
import { eventTimeTag } from './time-tags.ts';
import { chip } from './words.ts';

const MACHINE = 'tminus';

export const isMachine = ({ actor }: Pick<AuditRecord, 'actor'>): boolean => actor === MACHINE;

/** Result of the verification. @param audit all records, read after `head` */
export function chainSentence(audit: readonly AuditRecord[], head: ChainHead): Markup {
  const checked = checkChain(audit, head);
  return checked.ok
    ? markup`<p>${chip('pass')} ${checked.records} records form an unbroken hash chain through the audit head of the countdown, ${digest(head.hash)}.</p>`
    : markup`<p>${chip('fail')} The hash chain is broken: ${checked.message}.</p>`;
}

const digest = (hash: string): Markup => markup`<code class="digest">${hash}</code>`;

/** Verifies up to the head and beyond, because records may have been added between both reads. */
function checkChain(audit: readonly AuditRecord[], head: ChainHead): ChainCheck {
  const upToHead = verifyChain(audit.slice(0, head.seq), head);
  return upToHead.ok ? verifyChain(audit) : upToHead;
}

export function auditTable(records: readonly AuditRecord[]): Markup {
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Audit"><table class="audit">
    ${columnHeads('No.', 'When', 'Who', 'Did', 'To', 'Detail')}
    <tbody>${records.map((record) => {
      const { seq, at, actor, action, object, detail } = record;
      const who = isMachine(record) ? markup`${actor} <span class="quiet">machine</span>` : markup`<strong>${actor}</strong>`;
      const when = eventTimeTag(at);
      const cells = [who, action, object, detail].map((cell) => markup`<td>${cell}</td>`);
      return markup`<tr><th scope="row" class="number">${seq}</th><td class="number">${when}</td>${cells}</tr>`;
    })}</tbody>
  </table></div>`;
}
