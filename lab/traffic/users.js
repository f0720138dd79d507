// Production's users: the customers of the example's load test, arriving steadily without end, so that a guard has something to judge.
import customer from '../example/k6/shop.js';

const users = Number(__ENV.USERS);

export const options = {
  scenarios: {
    users: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE),
      timeUnit: '1s',
      // Ended by `traffic stop`; this only ends traffic that was forgotten.
      duration: '2h',
      preAllocatedVUs: users,
      // When the shop slows down its users pile up, but not without end.
      maxVUs: 4 * users,
    },
  },
};

export default customer;
