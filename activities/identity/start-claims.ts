// First run of each signed start, in the folder `starts/` of the evidence folder: a start can be used once.
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { absent } from '../evidence/absent.ts';
import { errorCode, notKept } from '../evidence/errors.ts';
import { syncFolder } from '../sync-folder.ts';

export interface StartClaims {
  /** The first run that used the start, or null. */
  holderOf(startId: string): Promise<string | null>;
  /** Claims the start and returns its holder: two concurrent claims return the same one. Throws EvidenceNotKept. */
  claim(startId: string, firstRunId: string): Promise<string>;
}

/** One small file per start, written atomically and never removed. */
export function startClaims(evidenceFolder: string): StartClaims {
  const folder = join(evidenceFolder, 'starts');
  const fileOf = (startId: string): string => join(folder, createHash('sha256').update(startId).digest('hex'));
  const holderOf = (startId: string): Promise<string | null> => readFile(fileOf(startId), 'utf8').catch(absent(null));

  async function write(startId: string, firstRunId: string): Promise<void> {
    const part = `${fileOf(startId)}.${randomUUID()}.part`;
    await mkdir(folder, { recursive: true });
    const file = await open(part, 'wx', 0o640);
    try {
      await file.writeFile(firstRunId);
      await file.sync();
      await link(part, fileOf(startId));
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    } finally {
      await file.close();
      await rm(part, { force: true });
    }
    await syncFolder(folder);
  }

  return {
    holderOf,
    async claim(startId, firstRunId) {
      try {
        await write(startId, firstRunId);
      } catch (cause) {
        throw notKept(evidenceFolder, cause);
      }
      return (await holderOf(startId)) ?? firstRunId;
    },
  };
}
