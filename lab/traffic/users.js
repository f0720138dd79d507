// Users of the shop in production: a steady open arrival, so that a guard has something to judge. Load tests have a script of their own.
import http from 'k6/http';

const base = __ENV.TARGET;

export const options = {
  discardResponseBodies: true,
  scenarios: {
    users: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE),
      timeUnit: '1s',
      // Ended by `traffic stop`; the limit only ends traffic that was forgotten.
      duration: '2h',
      preAllocatedVUs: Number(__ENV.VUS),
      maxVUs: Number(__ENV.VUS) * 4,
    },
  },
};

const USERS = 1000;
const json = { headers: { 'Content-Type': 'application/json' } };

export default function () {
  const user = 1 + Math.floor(Math.random() * USERS);
  const dice = Math.random();
  if (dice < 0.5) http.get(`${base}/api/user/profile?user_id=${user}`, { tags: { name: 'GET /api/user/profile' } });
  else if (dice < 0.9) http.post(`${base}/api/order/create`, JSON.stringify({ user_id: user, sku: 'sku-1', quantity: 1 }), { ...json, tags: { name: 'POST /api/order/create' } });
  else http.post(`${base}/api/payment/charge`, JSON.stringify({ user_id: user, amount_cents: 1999 }), { ...json, tags: { name: 'POST /api/payment/charge' } });
}
