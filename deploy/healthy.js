// Health check of the server container. The server accepts only its own host name, so the request carries it.
import { request } from 'node:http';

const { TMINUS_PORT = '7480', TMINUS_PAGE_BASE = `http://127.0.0.1:${TMINUS_PORT}` } = process.env;
const probe = request(
  { host: '127.0.0.1', port: TMINUS_PORT, path: '/healthz', headers: { host: new URL(TMINUS_PAGE_BASE).host } },
  ({ statusCode }) => {
    process.exit(statusCode === 200 ? 0 : 1);
  },
);
probe.on('error', () => process.exit(1));
probe.end();
