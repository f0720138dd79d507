// The log of a pod of the lab, from its kubelet: the format of its lines, and that a second reading continues where the first one ended.
import { expect, it } from '@jest/globals';
import { readLogText, type LogCursor } from '../../analysis/trigger/log-text.ts';
import { listPods, openCluster, readTimedLog } from '../kubernetes/client.ts';
import { labKubeconfig } from '../testing/lab-cluster.ts';

const LIMIT_BYTES = 16 * 1024 ** 2;

it('the log of a pod has a time on each line, and is read on from its last line without a gap or a line twice', async () => {
  const client = openCluster('lab', labKubeconfig());
  const [pod] = await listPods(client, 'shop-staging', 'app=go-api');
  const read = async (cursor: LogCursor | null) => {
    const range = { container: 'go-api', sinceS: cursor?.second ?? 0, limitBytes: LIMIT_BYTES, previous: false };
    const log = await readTimedLog(client, 'shop-staging', pod?.metadata.name ?? '', range);
    return readLogText(log, { cursor, fromMs: 0, cut: false, text: '' });
  };
  const first = await read(null);
  expect(first).toMatchObject({ foreign: null, gap: false, cursor: { second: expect.any(Number) } });
  expect(first.lines).toBeGreaterThan(0);

  const again = await read(first.cursor);
  expect(again).toMatchObject({ foreign: null, gap: false });
  // Were a line counted twice, the whole log would have fewer.
  expect((await read(null)).lines).toBeGreaterThanOrEqual(first.lines + again.lines);
});
