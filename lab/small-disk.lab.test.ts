import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { smallDisk } from './small-disk.ts';

// Needs what the lab needs: the right to mount.
it('takes no byte more once it is full, keeps what it holds, and takes more when it is free again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-disk-'));
  const disk = await smallDisk(folder);
  try {
    writeFileSync(join(folder, 'before'), 'kept');
    await disk.fill();
    expect(() => writeFileSync(join(folder, 'more'), 'x'.repeat(10_000))).toThrow(/ENOSPC/);
    await disk.free();
    writeFileSync(join(folder, 'more'), 'x'.repeat(10_000));
  } finally {
    await disk.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
