// The k6 runner: `node workers/k6-runner.ts`, in a container of its own beside a worker whose environment file names its socket (spec.load.runner).
// It needs no environment file, no key and no kubeconfig, and should be given none.
//   TMINUS_K6_SOCKET   where it listens   (default /var/lib/tminus/k6/k6.sock)
//   TMINUS_K6          k6's path          (default k6, found in PATH)
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startK6Runner } from '../activities/load-test/k6-runner.ts';
import { separateUser, describeSeparation } from '../activities/load-test/k6-user.ts';

const socket = process.env['TMINUS_K6_SOCKET'] ?? '/var/lib/tminus/k6/k6.sock';
const user = separateUser();
const runner = await startK6Runner({
  socket,
  k6Path: process.env['TMINUS_K6'] ?? 'k6',
  workFolder: join(tmpdir(), 'tminus-load'),
  user,
}).catch((error: Error) => {
  process.stderr.write(`the k6 runner cannot listen on ${socket}: ${error.message}; set TMINUS_K6_SOCKET to use another path\n`);
  process.exit(2);
});
process.stdout.write(`k6 runner ready: ${socket}${user === null ? '' : `; ${describeSeparation(user)}`}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void runner.close());
