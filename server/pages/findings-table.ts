import type { Finding } from '../../verdict/finding.ts';
import { markup, nothing, type Markup } from '../markup.ts';
import { against, shortDigest } from './amounts.ts';
import { chip } from './words.ts';

/** How evidence is named: a link where a server can be asked, plain text in the report. */
export type EvidenceName = (digest: string) => Markup;

export const evidenceLink: EvidenceName = (digest) =>
  markup`<a href="/api/v1/evidence/${digest}" title="${digest}"><code class="short">${shortDigest(digest)}</code></a>`;
export const evidenceText: EvidenceName = (digest) => markup`<code class="short" title="${digest}">${shortDigest(digest)}</code>`;

/** What was found, worst first: outcome, subject, measured against limit, sentence, evidence. */
export function findingsTable(findings: readonly Finding[], caption: string, evidenceName: EvidenceName): Markup {
  if (findings.length === 0) return nothing;
  const sorted = [...findings].sort((a, b) => order[a.outcome] - order[b.outcome]);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="findings">
    <caption>${caption}</caption>
    <thead><tr><th scope="col">Outcome</th><th scope="col">Subject</th><th scope="col">Measured</th><th scope="col">What it says</th><th scope="col">Evidence</th></tr></thead>
    <tbody>${sorted.map((finding) => findingRow(finding, evidenceName))}</tbody>
  </table></div>`;
}

const order: Record<Finding['outcome'], number> = { fail: 0, inconclusive: 1, pass: 2 };

function findingRow(finding: Finding, evidenceName: EvidenceName): Markup {
  const { code, subject, outcome, message, evidence } = finding;
  return markup`<tr>
    <td>${chip(outcome)}</td>
    <th scope="row">${subject}<br /><span class="quiet">${code}</span></th>
    <td class="number">${against(finding)}</td>
    <td>${message}</td>
    <td>${evidence.length === 0 ? markup`<span class="quiet">none</span>` : evidence.map((digest) => markup`${evidenceName(digest)} `)}</td>
  </tr>`;
}
