import { comparison } from '../../verdict/wording/index.ts';
import type { Finding } from '../../verdict/finding.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import { chip } from './words.ts';

/** `7c1e4f9c2ab0`: short form of a digest; the full one is in the link and the title. */
export const shortDigest = (digest: string): string => digest.replace('sha256:', '').slice(0, 12);

/** Reference to evidence: a link on pages, plain text in the report. */
export type EvidenceName = (digest: string) => Markup;

export const evidenceLink: EvidenceName = (digest) =>
  markup`<a href="/api/v1/evidence/${digest}" title="${digest}"><code class="short">${shortDigest(digest)}</code></a>`;
export const evidenceText: EvidenceName = (digest) => markup`<code class="short" title="${digest}">${shortDigest(digest)}</code>`;

/**
 * Findings, worst first. Roles are explicit because on phones the rows are blocks, which browsers do not expose as a table.
 */
export function findingsTable(findings: readonly Finding[], caption: string, evidenceName: EvidenceName): Markup {
  if (findings.length === 0) return nothing;
  const sorted = [...findings].sort((a, b) => order[a.outcome] - order[b.outcome]);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="findings" role="table">
    <caption>${caption}</caption>
    <thead role="rowgroup"><tr role="row">${columns.map((column) => markup`<th role="columnheader" scope="col">${column}</th>`)}</tr></thead>
    <tbody role="rowgroup">${sorted.map((finding) => findingRow(finding, evidenceName))}</tbody>
  </table></div>`;
}

const columns = ['Outcome', 'Subject', 'Measured', 'Message', 'Evidence'];
const order: Record<Finding['outcome'], number> = { fail: 0, inconclusive: 1, pass: 2 };

function findingRow(finding: Finding, evidenceName: EvidenceName): Markup {
  const { code, subject, outcome, message, evidence } = finding;
  return markup`<tr role="row">
    <td role="cell">${chip(outcome)}</td>
    <th role="rowheader" scope="row">${subject}<br /><span class="quiet">${code}</span></th>
    <td role="cell" class="number">${comparison(finding) || '—'}</td>
    <td role="cell">${message}</td>
    <td role="cell">${evidence.length === 0 ? markup`<span class="quiet">none</span>` : evidence.map((digest) => markup`${evidenceName(digest)} `)}</td>
  </tr>`;
}
