// The shop's customers, as k6 sees them: about half order, a third look at their profile, a sixth pay. One request per iteration,
// so that an arrival rate of 300 iterations/s is 300 requests/s. Stages and rates come from the release file, not from here.
//
//   TARGET=http://127.0.0.1:8080 k6 run --vus 10 --duration 10s shop.js
import { check } from 'k6';
import http from 'k6/http';

const baseUrl = __ENV.TARGET;
if (!baseUrl) throw new Error('TARGET is not set: where is the shop?');

// as many as the target's seed makes
const USERS = 1000;
// twelve turns of which 6 order, 4 look, 2 pay: the shares are exact for any dozen, not only on average
const TURNS = ['order', 'profile', 'order', 'payment', 'order', 'profile', 'order', 'profile', 'order', 'payment', 'order', 'profile'];

const perform = {
  order: () => createOrder(),
  profile: () => showProfile(),
  payment: () => chargePayment(),
};

// each virtual user starts elsewhere in the dozen, so that they do not all order in the same moment
let turn = __VU % TURNS.length;
// the newest order of this virtual user, to be paid by it
let unpaid;

export default function () {
  const response = perform[TURNS[turn]]();
  turn = (turn + 1) % TURNS.length;
  check(response, { 'status is 200': (r) => r.status === 200 });
}

function createOrder() {
  const userId = someUser();
  const response = post('/api/order/create', { userId, sku: `sku-${turn}`, quantity: 1, amountCents: 1990 });
  if (response.status === 200) unpaid = { userId, orderId: response.json('orderId') };
  return response;
}

function showProfile() {
  return http.get(`${baseUrl}/api/user/profile?id=${someUser()}`, { tags: { name: 'GET /api/user/profile' } });
}

function chargePayment() {
  const payment = { ...(unpaid || { userId: someUser() }), amountCents: 1990 };
  unpaid = undefined;
  return post('/api/payment/charge', payment);
}

function post(path, body) {
  return http.post(baseUrl + path, JSON.stringify(body), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: `POST ${path}` },
  });
}

function someUser() {
  return 1 + Math.floor(Math.random() * USERS);
}
