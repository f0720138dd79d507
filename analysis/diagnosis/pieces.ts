// Reads pieces of evidence one by one; an unreadable piece becomes a finding, the others still count.
import type { EvidenceKind, Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import { cannotRead, type ReadEvidence } from './load-evidence.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';

export interface Piece<T> {
  source: string;
  digest: string;
  value: T;
}

export interface PieceReader {
  /** One finding per piece that could not be read, in the order of reading. */
  unreadable: Finding[];
  /** Pieces of a kind among the inputs, in order. */
  each<T>(kind: EvidenceKind, readOne: (bytes: Uint8Array) => T, inputs: readonly DiagnosisInput[]): Promise<Piece<T>[]>;
  /** Pieces of a kind from the load tests, one list per load test. */
  byLoad<T>(kind: EvidenceKind, readOne: (bytes: Uint8Array) => T): Promise<Piece<T>[][]>;
}

export function pieceReader({ loadTests }: DiagnosisRecord, read: ReadEvidence): PieceReader {
  const unreadable: Finding[] = [];

  async function each<T>(kind: EvidenceKind, readOne: (bytes: Uint8Array) => T, inputs: readonly DiagnosisInput[]): Promise<Piece<T>[]> {
    const found: Piece<T>[] = [];
    for (const { digest, source } of inputs.filter((input) => input.kind === kind)) {
      try {
        found.push({ source, digest, value: readOne(Buffer.concat(await Array.fromAsync(read(digest)))) });
      } catch (error) {
        if (!(error instanceof UnreadableEvidence)) throw error;
        unreadable.push(cannotRead(kind, source, digest, error.message));
      }
    }
    return found;
  }

  async function byLoad<T>(kind: EvidenceKind, readOne: (bytes: Uint8Array) => T): Promise<Piece<T>[][]> {
    const found: Piece<T>[][] = [];
    for (const { inputs } of loadTests) found.push(await each(kind, readOne, inputs));
    return found;
  }

  return { unreadable, each, byLoad };
}

export const valuesOf = <T>(pieces: readonly { value: T }[]): T[] => pieces.map(({ value }) => value);
