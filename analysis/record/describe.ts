// The record of a finished countdown: release, ending, and the findings of each step.
import { UnreadableEvidence, type Analysis } from '../analysis.ts';

interface Recorded {
  status: {
    release: string;
    ending?: string;
    message: string;
    startedAt: string;
    endedAt?: string;
    checkpoints: {
      offset: string;
      name: string;
      state: string;
      steps: { name: string; state: string; findings: { outcome: string }[] }[];
    }[];
  };
  audit: { at: string; actor: string; action: string; object: string; detail: string }[];
}

/** Facts and tables of the stored document; no findings, because each step has its own. Throws UnreadableEvidence. */
export function describeRecord(bytes: Uint8Array): Analysis {
  const { status, audit } = readRecord(bytes);
  const subject = `countdown ${status.release}`;
  return {
    findings: [],
    facts: [
      { subject, text: `${status.ending ?? 'not ended'}: ${status.message}`, values: {} },
      {
        subject,
        text: `${audit.length} audit records, from ${status.startedAt} to ${status.endedAt ?? '?'}`,
        values: { records: audit.length },
      },
    ],
    tables: [
      {
        title: 'steps',
        columns: ['checkpoint', 'step', 'state', 'findings', 'passed'].map((name) => ({ name, unit: '' })),
        rows: status.checkpoints.flatMap(({ offset, name, steps }) =>
          steps.map((step) => [
            `${offset} ${name}`,
            step.name,
            step.state,
            step.findings.length,
            step.findings.filter(({ outcome }) => outcome === 'pass').length,
          ]),
        ),
        notes: [],
      },
      {
        title: 'audit',
        columns: ['at', 'actor', 'action', 'object', 'detail'].map((name) => ({ name, unit: '' })),
        rows: audit.map(({ at, actor, action, object, detail }) => [at, actor, action, object, detail]),
        notes: ['`tminus events` also verifies the chain of these records.'],
      },
    ],
  };
}

function readRecord(bytes: Uint8Array): Recorded {
  try {
    const { status, audit } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Recorded>;
    if (typeof status?.release === 'string' && Array.isArray(status.checkpoints) && Array.isArray(audit)) return { status, audit };
  } catch {
    // Reported below: truncated bytes are not a document either.
  }
  throw new UnreadableEvidence('not a countdown record', 'byte 0', 'the record is damaged; its audit file may still be intact');
}
